"""A page that shows an AsyncAPI document to people, without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from vivace.responses import PageResponse

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: #8881; border-radius: 4px; overflow: auto; padding: .75rem }
summary { cursor: pointer }
h2 { border-top: 1px solid #8884; padding-top: 1rem }
:root { color-scheme: light dark }
"""


def page_of(document: dict[str, Any]) -> PageResponse:
    """The page of a document."""
    title = escape(document["info"]["title"])
    body = "\n".join(_sections(document))
    html = (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} - rooms</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{title}</h1>\n{body}\n</html>\n"
    )
    return PageResponse(html, styles=[_STYLE])


def _sections(document: dict[str, Any]) -> Iterator[str]:
    for name, channel in document["channels"].items():
        yield f"<h2>{escape(name)}</h2>"
        yield f"<p><code>{escape(channel['address'])}</code></p>"
        if channel.get("description"):
            yield f"<p>{escape(channel['description'])}</p>"
        for action, heading in (("receive", "Clients send"), ("send", "Clients get")):
            yield f"<h3>{heading}</h3>"
            for reference in document["operations"][f"{name}.{action}"]["messages"]:
                key = reference["$ref"].rpartition("/")[2].replace("~1", "/")
                yield _message(channel["messages"][key])
    yield "<h2>Schemas</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield _details(name, schema, f' id="schema-{escape(name)}"')


def _message(message: dict[str, Any]) -> str:
    about = message.get("summary", "")
    return _details(f"{message['name']} {about}".strip(), message["payload"])


def _details(title: str, schema: Any, attributes: str = "") -> str:
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    return f"<details{attributes}><summary>{escape(title)}</summary><pre>{text}</pre></details>"


__all__ = ["page_of"]
