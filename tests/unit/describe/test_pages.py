from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from starlette.responses import HTMLResponse

from vivace.describe.pages import (
    get_redoc_html,
    get_scalar_html,
    get_swagger_ui_html,
    get_swagger_ui_oauth2_redirect_html,
)

#: Ends a title, an attribute, a string and a script, if it is let.
HOSTILE = "\"'</title></script><script>alert(1)</script><!--\u2028\\"


class Page(HTMLParser):
    """The elements of a page, with their attributes and text."""

    def __init__(self, response: HTMLResponse) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, str] = {}
        self._open = ""
        self.feed(bytes(response.body).decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.text[self._open] = self.text.get(self._open, "") + data

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attrs[name] for found, attrs in self.elements if found == tag and name in attrs]


def swagger_ui(text: str) -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url=text,
        title=text,
        swagger_js_url=text,
        swagger_css_url=text,
        swagger_favicon_url=text,
        oauth2_redirect_url=text,
        init_oauth={text: text},
        swagger_ui_parameters={text: [text]},
    )


def redoc(text: str) -> HTMLResponse:
    return get_redoc_html(openapi_url=text, title=text, redoc_js_url=text, redoc_favicon_url=text)


def scalar(text: str) -> HTMLResponse:
    return get_scalar_html(
        openapi_url=text,
        title=text,
        scalar_js_url=text,
        scalar_favicon_url=text,
        scalar_parameters={text: text},
    )


@pytest.mark.parametrize("make", [swagger_ui, redoc, scalar])
def test_no_argument_changes_what_the_page_is_made_of(make: Callable[[str], HTMLResponse]) -> None:
    hostile, harmless = Page(make(HOSTILE)), Page(make("harmless"))
    tags = [tag for tag, _ in hostile.elements]
    assert tags == [tag for tag, _ in harmless.elements]
    assert hostile.text["title"] == HOSTILE
    assert HOSTILE in hostile.attributes("script", "src")
    assert "<" not in hostile.text.get("script", "")


def test_swagger_ui_takes_parameters_over_the_defaults() -> None:
    parameters = {"deepLinking": False, "tryItOutEnabled": True}
    response = get_swagger_ui_html(
        openapi_url="/openapi.json", title="t", swagger_ui_parameters=parameters
    )
    script = Page(response).text["script"]
    assert '"deepLinking": false,' in script
    assert '"deepLinking": true' not in script
    assert '"tryItOutEnabled": true,' in script
    assert "oauth2RedirectUrl" not in script
    assert "initOAuth" not in script


def test_scalar_takes_parameters_over_the_defaults() -> None:
    response = get_scalar_html(
        openapi_url="/openapi.json", title="t", scalar_parameters={"telemetry": True}
    )
    script = Page(response).text["script"]
    assert '"url": "/openapi.json"' in script
    assert '"telemetry": true' in script


def test_pages_ask_for_no_icon_of_another_site() -> None:
    for make in (get_swagger_ui_html, get_redoc_html, get_scalar_html):
        page = Page(make(openapi_url="/openapi.json", title="t"))
        icons = [a["href"] for tag, a in page.elements if tag == "link" and a["rel"] == "icon"]
        assert icons == ["data:,"]


def test_an_answer_with_another_state_brings_no_code_back() -> None:
    script = Page(get_swagger_ui_oauth2_redirect_html()).text["script"]
    refusal, success = script.index("!isValid"), script.index("auth.code = answer.code")
    assert refusal < success
