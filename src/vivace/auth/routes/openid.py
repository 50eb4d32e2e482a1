"""The routes of sign-in with outside providers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel

from vivace import APIRouter, BackgroundTasks, HTTPException, Query, Request, Response
from vivace.auth.errors import AuthError, CsrfFailed, MfaRequired
from vivace.auth.openid.accounts import OpenIDAccounts
from vivace.auth.openid.client import OpenIDClient
from vivace.auth.openid.flow import Flow, FlowCookie
from vivace.auth.openid.provider import Claims, Provider, SignInFailed, local_path
from vivace.auth.principal import Principal
from vivace.auth.routes.refusals import Responses
from vivace.auth.stores.records import User
from vivace.responses import RedirectResponse

if TYPE_CHECKING:
    from vivace.auth.kit import Auth

#: Errors of RFC 6749, section 4.1.2.1, and OpenID Connect Core, section 3.1.2.6: of what came with
#: the request, these alone are repeated.
KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    }
)
#: The address has a code or a state in it that nobody else may see.
_PRIVATE = {"Referrer-Policy": "no-referrer"}

LocalPath = Annotated[
    str,
    AfterValidator(local_path),
    Query(max_length=512, description="Where to go in the end: a path of this site."),
]

_UNKNOWN: Responses = {404: {"description": "There is no such provider."}}
_UNAVAILABLE: Responses = {
    502: {"description": "The provider cannot be reached, or answers wrongly."}
}
_LEAVING: Responses = {
    303: {"description": "To the provider."},
    **_UNKNOWN,
    **_UNAVAILABLE,
}
_RETURNING: Responses = {
    303: {"description": "Signed in, or linked: to the page that was asked for."},
    400: {"description": "The answer does not belong to a sign-in of this browser, or is wrong."},
    401: {"description": "An identity was to be linked, and nobody is signed in any more."},
    403: {"description": "Refused by the provider or here; or a one-time code is called for."},
    **_UNKNOWN,
    409: {"description": "The identity belongs to another account."},
    **_UNAVAILABLE,
}


class ProviderLink(BaseModel):
    """A provider that users may sign in with."""

    name: str
    #: The path to go to.
    login_url: str


@dataclass(frozen=True)
class Answer:
    """What a provider sends a browser back with (RFC 6749, section 4.1.2; RFC 9207)."""

    state: str | None
    code: str | None
    issuer: str | None
    error: str | None


def openid_router(auth: Auth, providers: Iterable[Provider]) -> APIRouter:
    """The routes below ``/openid``.

    Raises:
        ValueError: Two providers have one name.
    """
    sign_ins = _sign_ins(auth, providers)
    router = APIRouter(prefix="/openid")

    def find(name: str) -> ProviderSignIn:
        if name not in sign_ins:
            raise HTTPException(404, "There is no such provider")
        return sign_ins[name]

    @router.get("")
    async def list_providers(request: Request) -> list[ProviderLink]:
        """The providers that users may sign in with."""
        base = _public_path(request).rstrip("/")
        return [ProviderLink(name=name, login_url=f"{base}/{name}/login") for name in sign_ins]

    @router.get(
        "/{provider}/login",
        status_code=303,
        response_class=RedirectResponse,
        responses=_LEAVING,
    )
    async def sign_in_with_provider(
        provider: str, request: Request, response: Response, next: LocalPath = "/"
    ) -> str:
        """Go to the provider to sign in there; the way leads back to ``next``."""
        return await find(provider).leave(request, response, next)

    @router.get(
        "/{provider}/link",
        status_code=303,
        response_class=RedirectResponse,
        responses={403: {"description": "Asked for from another site."}, **_LEAVING},
    )
    async def link_provider(
        provider: str,
        request: Request,
        response: Response,
        next: LocalPath = "/",
        principal: Principal = auth.guards.session,
    ) -> str:
        """Go to the provider, so that one can sign in with it from then on.

        It takes a session, and a link on a page of this site.
        """
        _check_meant(request)
        return await find(provider).leave(request, response, next, link_to=principal.user)

    @router.get(
        "/{provider}/callback",
        status_code=303,
        response_class=RedirectResponse,
        responses=_RETURNING,
    )
    async def come_back_from_provider(
        provider: str,
        request: Request,
        response: Response,
        tasks: BackgroundTasks,
        state: str | None = None,
        code: str | None = None,
        iss: str | None = None,
        error: str | None = None,
    ) -> str:
        """Where the provider sends the browser: starts a session."""
        answer = Answer(state, code, iss, error)
        next = await find(provider).come_back(request, response, answer)
        tasks.add_task(auth.expiry.remove_expired_if_due)
        return next

    return router


class ProviderSignIn:
    """Signing in with one provider, from the first request to the session.

    Each step gives the address that the browser is sent to next.
    """

    def __init__(self, auth: Auth, provider: Provider) -> None:
        self._auth = auth
        self._provider = provider
        self._client = OpenIDClient(provider)
        self._accounts = OpenIDAccounts(auth.store, auth.roles)
        self._cookie = FlowCookie(auth.vault, secure=auth.settings.sessions.secure)

    async def leave(
        self, request: Request, response: Response, next: str, *, link_to: User | None = None
    ) -> str:
        """To the provider, with a cookie to come back with."""
        flow = Flow(
            provider=self._provider.name,
            redirect_uri=self._provider.redirect_uri or _callback_url(request),
            next=next,
            link_to=None if link_to is None else link_to.id,
        )
        url = await self._client.authorization_url(flow)
        response.headers.update(_PRIVATE)
        self._cookie.set(response, flow)
        return url

    async def come_back(self, request: Request, response: Response, answer: Answer) -> str:
        """From the provider. Whatever comes of it, the cookie has been used."""
        response.headers.update(_PRIVATE)
        self._cookie.clear(response)
        cleared = {**_PRIVATE, "Set-Cookie": response.headers["set-cookie"]}
        try:
            return await self._finish(request, response, answer)
        except AuthError as error:
            error.headers = {**(error.headers or {}), **cleared}
            raise

    async def _finish(self, request: Request, response: Response, answer: Answer) -> str:
        flow = self._cookie.read(request, self._provider, answer.state)
        await self._client.check_issuer(answer.issuer)
        if answer.error is not None:
            raise _refused_by_provider(answer.error)
        if not answer.code:
            raise SignInFailed("The provider's answer has no code")
        claims = await self._client.redeem(answer.code, flow)
        if flow.link_to is not None:
            await self._accounts.link(await self._linker(request, flow.link_to), claims)
            return flow.next
        user = await self._accounts.sign_in(self._provider, claims)
        return await self._start(request, response, user, claims, flow.next)

    async def _linker(self, request: Request, user_id: str) -> User:
        """The user who began to link an identity, and is signed in still."""
        cookie = request.cookies.get(self._auth.sessions.cookie, "")
        principal = await self._auth.sessions.verify(cookie, request)
        if principal.user.id != user_id:
            raise SignInFailed("Somebody else has signed in since: begin again")
        return principal.user

    async def _start(
        self, request: Request, response: Response, user: User, claims: Claims, next: str
    ) -> str:
        """A session; or the second step, for one who has enrolled for it.

        A provider in the place of the password is no second factor, unless it is trusted to have
        asked for one.
        """
        trusted = self._provider.trust_mfa and "mfa" in (claims.get("amr") or ())
        if not trusted and await self._auth.mfa.is_enabled(user):
            return await self._ask_for_code(user, next)
        # No value of RFC 8176 says that somebody else has asked who it is: "fed" is in wide use.
        methods = ("fed", "mfa") if trusted else ("fed",)
        await self._auth.sessions.start(user, request, response, methods=methods)
        return next

    async def _ask_for_code(self, user: User, next: str) -> str:
        token = await self._auth.mfa.challenge(user, purpose="session", methods=("fed",))
        if self._provider.second_step is None:
            raise MfaRequired(token)
        # A fragment is not sent to any server, nor as a referrer.
        fragment = urlencode({"mfa_token": token, "next": next})
        return f"{self._provider.second_step}#{fragment}"


def _sign_ins(auth: Auth, providers: Iterable[Provider]) -> dict[str, ProviderSignIn]:
    sign_ins: dict[str, ProviderSignIn] = {}
    for provider in providers:
        if provider.name in sign_ins:
            raise ValueError(f"There are two providers of the name {provider.name!r}.")
        sign_ins[provider.name] = ProviderSignIn(auth, provider)
    return sign_ins


def _callback_url(request: Request) -> str:
    """The callback beside the route that was asked for, wherever the router has been put."""
    path = _public_path(request).rpartition("/")[0] + "/callback"
    return str(request.url.replace(path=path, query="", fragment=""))


def _public_path(request: Request) -> str:
    """The path as the browser has it: a proxy may have taken the ``root_path`` of the app off."""
    root = request.base_url.path.rstrip("/")
    path = request.url.path
    return path if path.startswith(f"{root}/") else root + path


def _check_meant(request: Request) -> None:
    """See that the user themselves asked for their account to be linked.

    Else another site could have it linked to an identity of its own, having the browser signed in
    with that at the provider first. A link sends no CSRF token, so that what counts is where the
    browser says that it stands (Fetch Metadata, section 2.1.3). One that does not say is refused.

    Raises:
        CsrfFailed: The request comes from another site.
    """
    if request.headers.get("sec-fetch-site") not in {"same-origin", "none"}:
        raise CsrfFailed("Asked for from another site")


def _refused_by_provider(error: str) -> SignInFailed:
    named = error if error in KNOWN_ERRORS else "unknown error"
    status = 403 if error == "access_denied" else 400
    return SignInFailed(f"The provider has not signed the user in: {named}", status)


__all__ = ["KNOWN_ERRORS", "ProviderLink", "openid_router"]
