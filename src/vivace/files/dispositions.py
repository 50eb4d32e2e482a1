"""``Content-Disposition``: the name of a file, as it is sent and as it is given."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.http import parse_options_header

#: ``attr-char`` (RFC 8187, section 3.2.1), besides letters and digits.
_ATTR_CHAR = "!#$&+-.^_`|~"
#: What can be shown in a page without running anything in it.
_SHOWN = ("image/", "audio/", "video/", "text/plain", "application/pdf")


def read_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """A value such as ``form-data; name="file"; filename="a.png"``: its kind, and parameters.

    ``filename*`` (RFC 8187) goes before ``filename``. Browsers send UTF-8 (RFC 7578, section 5.1).
    """
    kind, parameters = parse_options_header(value.decode("utf-8", "replace"))
    return kind.lower(), {name.lower(): text for name, text in parameters.items()}


def make_disposition(name: str, content_type: str, *, inline: bool = False) -> str:
    """The value for a download (RFC 6266, section 4; for names beyond ASCII, appendix D).

    Args:
        inline: Whether a browser should show it rather than save it; only what cannot run
            anything is ever shown.
    """
    kind = "inline" if inline and content_type.startswith(_SHOWN) else "attachment"
    plain = "".join(one if " " <= one <= "~" and one not in '"\\%' else "_" for one in name)
    value = f'{kind}; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"
    return value


__all__ = ["make_disposition", "read_parameters"]
