"""The headers by which a response tells browsers what not to do with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from vivace.middleware.policies import (
    API_POLICY,
    HSTS,
    NO_PERMISSIONS,
    PAGE_POLICY,
    Permissions,
    Policy,
    widened,
    write_permissions,
    write_policy,
)
from vivace.responses import PAGE_FIELDS
from vivace.types import ASGIApp, Message, Receive, Scope, Send

Fields: TypeAlias = list[tuple[bytes, bytes]]

FrameOptions = Literal["DENY", "SAMEORIGIN"]
ReferrerPolicy = Literal[
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
]
OpenerPolicy = Literal["same-origin", "same-origin-allow-popups", "noopener-allow-popups"]
EmbedderPolicy = Literal["require-corp", "credentialless"]
ResourcePolicy = Literal["same-origin", "same-site", "cross-origin"]

STARTS = ("http.response.start", "websocket.http.response.start")


class SecurityHeadersMiddleware:
    """Adds headers to every response that has not set them itself.

    The defaults are for an API: a response is not to be framed, sniffed, or run as a page. The
    pages with the app's documentation get ``page_policy``, which allows the scripts and styles that
    are in them by their hashes, and may open windows to sign in.

    Args:
        app: What comes next.
        hsts: ``Strict-Transport-Security``, over https alone; ``None`` leaves it out, as for each
            of the following.
        content_security_policy: ``Content-Security-Policy``: sources by directive, or the text.
        page_policy: The same for pages with documentation. Hashes are added to what is given by
            directive; a text stays as it is.
        pages: Paths of further pages, that are HTML and get ``page_policy``.
        frame_options: ``X-Frame-Options``, for browsers without ``frame-ancestors``.
        referrer_policy: ``Referrer-Policy``.
        permissions_policy: ``Permissions-Policy``: who may use a feature, or the text.
        cross_origin_opener_policy: ``Cross-Origin-Opener-Policy``.
        cross_origin_resource_policy: ``Cross-Origin-Resource-Policy``; requests of CORS are not
            affected by it.
        cross_origin_embedder_policy: ``Cross-Origin-Embedder-Policy``.

    Raises:
        ValueError: Something is no value of its header.
    """

    #: Errors are raised again as they are.
    passes_errors = True

    def __init__(
        self,
        app: ASGIApp,
        *,
        hsts: HSTS | None = HSTS(),
        content_security_policy: Policy | None = API_POLICY,
        page_policy: Policy | None = PAGE_POLICY,
        pages: Collection[str] = (),
        frame_options: FrameOptions | None = "DENY",
        referrer_policy: ReferrerPolicy | None = "no-referrer",
        permissions_policy: Permissions | None = NO_PERMISSIONS,
        cross_origin_opener_policy: OpenerPolicy | None = "same-origin",
        cross_origin_resource_policy: ResourcePolicy | None = "same-origin",
        cross_origin_embedder_policy: EmbedderPolicy | None = None,
    ) -> None:
        if isinstance(pages, str):
            raise ValueError(f"pages={pages!r} is a string. Give a set of paths.")
        _check("frame_options", frame_options, FrameOptions)
        _check("referrer_policy", referrer_policy, ReferrerPolicy)
        _check("cross_origin_opener_policy", cross_origin_opener_policy, OpenerPolicy)
        _check("cross_origin_resource_policy", cross_origin_resource_policy, ResourcePolicy)
        _check("cross_origin_embedder_policy", cross_origin_embedder_policy, EmbedderPolicy)
        self.app = app
        self._pages = frozenset(pages)
        common = {
            "x-content-type-options": "nosniff",
            "x-frame-options": frame_options,
            "referrer-policy": referrer_policy,
            "permissions-policy": _written(permissions_policy, write_permissions),
            "cross-origin-resource-policy": cross_origin_resource_policy,
            "cross-origin-embedder-policy": cross_origin_embedder_policy,
        }
        api = {
            "content-security-policy": _written(content_security_policy, write_policy),
            "cross-origin-opener-policy": cross_origin_opener_policy,
        }
        self._page_policy = page_policy
        self._opener_of_page = cross_origin_opener_policy and "same-origin-allow-popups"
        page = self._fields_of_page({})
        secure = {"strict-transport-security": None if hsts is None else str(hsts)}
        #: The fields, by whether the response is a page, and whether it goes over https.
        self._fields: dict[tuple[bool, bool], Fields] = {
            (False, False): _fields(common, api),
            (False, True): _fields(common, api, secure),
            (True, False): _fields(common, page),
            (True, True): _fields(common, page, secure),
        }
        self._names = frozenset(name.encode() for name in {**common, **api, **secure})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        is_secure = scope.get("scheme") in ("https", "wss")
        scope[PAGE_FIELDS] = self._fields_of_page

        async def send_secured(message: Message) -> None:
            if message["type"] in STARTS:
                headers = message.get("headers", ())
                known = {name.lower(): value for name, value in headers}
                is_page = scope["path"] in self._pages and _may_be_page(message["status"], known)
                added = [f for f in self._fields[is_page, is_secure] if f[0] not in known]
                kept = [f for f in headers if f[1] or f[0].lower() not in self._names]
                message = {**message, "headers": kept + added}
            await send(message)

        await self.app(scope, receive, send_secured)

    def _fields_of_page(self, sources: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """The fields of a page; an empty one is left out when it is sent.

        Args:
            sources: What is in it, by the directives that are to allow it.
        """
        policy = self._page_policy
        written = "" if policy is None else write_policy(widened(policy, sources))
        return {
            "content-security-policy": written,
            "cross-origin-opener-policy": self._opener_of_page or "",
        }


def _may_be_page(status: int, headers: dict[bytes, bytes]) -> bool:
    """Whether it is HTML; or a 304, whose fields replace those of the page that the client has."""
    return status == 304 or headers.get(b"content-type", b"").startswith(b"text/html")


def _check(name: str, value: str | None, known: Any) -> None:
    if value is not None and value not in get_args(known):
        raise ValueError(f"{name}={value!r} is none of {', '.join(get_args(known))}.")


def _written(policy: Any, write: Any) -> str | None:
    return None if policy is None else str(write(policy))


def _fields(*groups: Mapping[str, str | None]) -> Fields:
    return [
        (name.encode(), value.encode())
        for group in groups
        for name, value in group.items()
        if value
    ]


__all__ = ["SecurityHeadersMiddleware"]
