"""Pages that show an OpenAPI document to people: Swagger UI, ReDoc and Scalar.

Each is one HTML document that loads a script. Where the script comes from is a parameter; see
:mod:`vivace.describe.assets` for scripts that need no Internet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from vivace.encoders import jsonable_encoder
from vivace.responses import PageResponse

#: An icon that is empty, so that browsers ask for none.
NO_ICON = "data:,"

swagger_ui_default_parameters: dict[str, Any] = {
    "dom_id": "#swagger-ui",
    "layout": "BaseLayout",
    "deepLinking": True,
    "showExtensions": True,
    "showCommonExtensions": True,
}

#: The page sends nothing to Scalar's maker, and offers none of its services.
scalar_default_parameters: dict[str, Any] = {
    "telemetry": False,
    "showDeveloperTools": "never",
    "agent": {"disabled": True},
    "mcp": {"disabled": True},
}


def get_swagger_ui_html(
    *,
    openapi_url: str,
    title: str,
    swagger_js_url: str = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js",
    swagger_css_url: str = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css",
    swagger_favicon_url: str = NO_ICON,
    oauth2_redirect_url: str | None = None,
    init_oauth: dict[str, Any] | None = None,
    swagger_ui_parameters: dict[str, Any] | None = None,
    documents: Sequence[str] = (),
    document: str = "",
) -> HTMLResponse:
    """A page with Swagger UI.

    Args:
        openapi_url: Where the document is.
        title: The title of the page.
        swagger_js_url: Where the script of Swagger UI is.
        swagger_css_url: Where its style sheet is.
        swagger_favicon_url: The icon of the page.
        oauth2_redirect_url: The path of :func:`get_swagger_ui_oauth2_redirect_html`, at which
            OAuth 2.0 flows that leave the page come back.
        init_oauth: What to fill in before signing in, such as ``clientId``.
        swagger_ui_parameters: Parameters of Swagger UI, over the ones that are set by default.
        documents: The names of the documents that the page lets people choose from; the choice is
            sent to the page as the query parameter ``document``.
        document: The name of the one at ``openapi_url``.
    """
    parameters = {**swagger_ui_default_parameters, **(swagger_ui_parameters or {})}
    settings = [f"url: {_js_string(openapi_url)},"]
    settings += [f"{_js_value(name)}: {_js_value(value)}," for name, value in parameters.items()]
    if oauth2_redirect_url:
        redirect = _js_string(oauth2_redirect_url)
        settings.append(f"oauth2RedirectUrl: window.location.origin + {redirect},")
    lines = "\n        ".join(settings)
    sign_in = f"\n      ui.initOAuth({_js_value(init_oauth)});" if init_oauth else ""
    script = f"""
      const ui = SwaggerUIBundle({{
        {lines}
        presets: [
          SwaggerUIBundle.presets.apis,
          SwaggerUIBundle.SwaggerUIStandalonePreset
        ],
      }});{sign_in}
    """
    return _page(
        title,
        swagger_favicon_url,
        head=f'<link rel="stylesheet" href="{escape(swagger_css_url)}">',
        place='<div id="swagger-ui"></div>',
        script_url=swagger_js_url,
        script=script,
        choice=(documents, document),
    )


def get_redoc_html(
    *,
    openapi_url: str,
    title: str,
    redoc_js_url: str = "https://cdn.jsdelivr.net/npm/redoc@2/bundles/redoc.standalone.js",
    redoc_favicon_url: str = NO_ICON,
    with_google_fonts: bool = True,
    documents: Sequence[str] = (),
    document: str = "",
) -> HTMLResponse:
    """A page with ReDoc.

    Args:
        openapi_url: Where the document is.
        title: The title of the page.
        redoc_js_url: Where the script of ReDoc 2 is.
        redoc_favicon_url: The icon of the page.
        with_google_fonts: Whether to load the fonts that ReDoc is designed with from Google;
            otherwise the browser's own are used.
        documents: The names of the documents that the page lets people choose from; the choice is
            sent to the page as the query parameter ``document``.
        document: The name of the one at ``openapi_url``.
    """
    fonts = "https://fonts.googleapis.com/css?family=Montserrat:300,400,700|Roboto:300,400,700"
    return _page(
        title,
        redoc_favicon_url,
        head=f'<link rel="stylesheet" href="{fonts}">' if with_google_fonts else "",
        place=f'<redoc spec-url="{escape(openapi_url)}"></redoc>',
        script_url=redoc_js_url,
        choice=(documents, document),
        writes_styles=True,
    )


def get_scalar_html(
    *,
    openapi_url: str,
    title: str,
    scalar_js_url: str = "https://cdn.jsdelivr.net/npm/@scalar/api-reference@1",
    scalar_favicon_url: str = NO_ICON,
    with_default_fonts: bool = True,
    scalar_parameters: dict[str, Any] | None = None,
    documents: Sequence[str] = (),
    document: str = "",
) -> HTMLResponse:
    """A page with Scalar.

    Args:
        openapi_url: Where the document is.
        title: The title of the page.
        scalar_js_url: Where the script of Scalar's API reference is.
        scalar_favicon_url: The icon of the page.
        with_default_fonts: Whether to load the fonts that Scalar is designed with from its
            maker; otherwise the browser's own are used.
        scalar_parameters: Parameters of Scalar, over the ones that are set by default.
        documents: The names of the documents that the page lets people choose from; the choice is
            sent to the page as the query parameter ``document``.
        document: The name of the one at ``openapi_url``.
    """
    parameters = {
        "url": openapi_url,
        "withDefaultFonts": with_default_fonts,
        **scalar_default_parameters,
        **(scalar_parameters or {}),
    }
    return _page(
        title,
        scalar_favicon_url,
        place='<div id="scalar"></div>',
        script_url=scalar_js_url,
        script=f'Scalar.createApiReference("#scalar", {_js_value(parameters)});',
        choice=(documents, document),
        writes_styles=True,
    )


def get_swagger_ui_oauth2_redirect_html() -> HTMLResponse:
    """The page at which OAuth 2.0 flows that left Swagger UI come back (RFC 6749 §3.1.2).

    It hands what the authorization server sent to the window that opened it, and closes. An
    answer to another request than the one that was made is refused (§10.12).
    """
    return PageResponse(
        f"""\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Swagger UI: OAuth 2.0 redirect</title>
  </head>
  <body>
    <script>{_SIGN_IN_SCRIPT}</script>
  </body>
</html>
""",
        scripts=[_SIGN_IN_SCRIPT],
    )


_SIGN_IN_SCRIPT = """
      const request = window.opener.swaggerUIRedirectOauth2;
      const {auth, redirectUrl} = request;
      // An access token is in the fragment, a code in the query (RFC 6749, 4.1.2 and 4.2.2).
      const sent = window.location.hash.length > 1 ? window.location.hash : window.location.search;
      const answer = Object.fromEntries(new URLSearchParams(sent.slice(1)));
      const isValid = answer.state === request.state;
      const codeFlows = ["accessCode", "authorizationCode", "authorization_code"];

      function fail(message) {
        request.errCb({authId: auth.name, source: "auth", level: "error", message});
      }

      if (!codeFlows.includes(auth.schema.get("flow")) || auth.code) {
        request.callback({auth, token: answer, isValid, redirectUrl});
      } else if (!isValid) {
        fail("The answer belongs to another request: its state is not the one that was sent.");
      } else if (answer.code) {
        delete request.state;
        auth.code = answer.code;
        request.callback({auth, redirectUrl});
      } else {
        const reason = [answer.error, answer.error_description, answer.error_uri];
        fail(reason.filter(Boolean).join(": ") || "The server sent no authorization code.");
      }
      window.close();
    """

#: No space around a page; and quiet enough for three that look different.
_STYLE = """
      body { margin: 0; padding: 0; }
      #documents { display: flex; justify-content: flex-end; align-items: center; gap: 0.5em;
        padding: 0.5em 1em; background: #222; color: #eee; font: 14px sans-serif; }
    """

_CHOICE_SCRIPT = """
      document.getElementById("document").onchange = (event) => event.target.form.submit();
    """


def _page(
    title: str,
    icon_url: str,
    *,
    place: str,
    script_url: str,
    choice: tuple[Sequence[str], str],
    head: str = "",
    script: str = "",
    writes_styles: bool = False,
) -> PageResponse:
    """A page that a script fills.

    Args:
        title: What it is called.
        icon_url: Its icon.
        place: The element that is filled.
        script_url: What fills it.
        choice: The names of the documents, and that of the one which is shown.
        head: What is in the head besides.
        script: What has it filled.
        writes_styles: Whether the script writes style sheets of its own.
    """
    bar, scripts = _choice(*choice), [script] if script else []
    if bar:
        scripts.insert(0, _CHOICE_SCRIPT)
    start = f"\n    <script>{script}</script>" if script else ""
    html = f"""\
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{escape(title)}</title>
    <link rel="icon" href="{escape(icon_url)}">
    <style>{_STYLE}</style>
    {head}
  </head>
  <body>{bar}
    <noscript>This page needs JavaScript.</noscript>
    {place}
    <script src="{escape(script_url)}"></script>{start}
  </body>
</html>
"""
    return PageResponse(html, scripts=scripts, styles=None if writes_styles else [_STYLE])


def _choice(documents: Sequence[str], shown: str) -> str:
    """A bar at the top of a page, from which another document is chosen; none for a single one.

    A form, so that the choice is in the address of the page, and survives without a script.
    """
    if len(documents) < 2:
        return ""
    options = "".join(
        f"<option{' selected' * (name == shown)}>{escape(name)}</option>" for name in documents
    )
    return f"""
    <form id="documents">
      <label for="document">Document</label>
      <select id="document" name="document">{options}</select>
      <noscript><button>Show</button></noscript>
    </form>
    <script>{_CHOICE_SCRIPT}</script>"""


def _js_value(value: Any) -> str:
    """``value`` as a literal that can stand in a script in HTML.

    The escapes keep the HTML parser from seeing the end of the script, or a comment, in it.
    """
    literal = json.dumps(jsonable_encoder(value))
    for character in "<>&":
        literal = literal.replace(character, f"\\u{ord(character):04x}")
    return literal


def _js_string(text: str) -> str:
    """``text`` as a literal in single quotes."""
    return "'" + _js_value(text)[1:-1].replace("'", "\\u0027") + "'"


__all__ = [
    "get_redoc_html",
    "get_scalar_html",
    "get_swagger_ui_html",
    "get_swagger_ui_oauth2_redirect_html",
    "scalar_default_parameters",
    "swagger_ui_default_parameters",
]
