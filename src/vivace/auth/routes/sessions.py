"""The routes by which browsers sign in and out, and users see where they are signed in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field, ValidationError

from vivace import APIRouter, BackgroundTasks, Depends, HTTPException, Request, Response
from vivace.auth.errors import MfaRequired
from vivace.auth.principal import Principal
from vivace.auth.routes.refusals import NOT_IN_PERSON, NOT_SIGNED_IN, TOO_MANY, Responses
from vivace.auth.stores.records import Session
from vivace.exceptions import RequestValidationError

if TYPE_CHECKING:
    from vivace.auth.kit import Auth


class SignIn(BaseModel):
    """What a user signs in with."""

    name: str = Field(max_length=254)
    password: str = Field(max_length=4096, json_schema_extra={"format": "password"})


class SignedIn(BaseModel):
    """Who is signed in, and what their pages need."""

    name: str
    roles: list[str]
    scopes: list[str] = Field(description="What you may do: roles, and permissions.")
    methods: list[str] = Field(description="How you signed in: values of amr (RFC 8176).")
    csrf_token: str = Field(
        description="To be sent in a header with every request that may change something."
    )


class SessionInfo(BaseModel):
    """A browser that is signed in."""

    id: str
    user_agent: str = Field(description="What the browser calls itself.")
    created_at: datetime
    seen_at: datetime = Field(description="Up to a minute old.")
    expires_at: datetime = Field(description="When it ends, however often it is used.")
    is_current: bool = Field(description="Whether it is the one that asks.")


SIGN_IN_REFUSALS: Responses = {
    401: {"description": "The name or the password is wrong"},
    403: {"description": "A second step is needed; or the request is from another site"},
    413: {"description": "The body is too large"},
    415: {"description": "The body is neither JSON nor a form"},
    422: {"description": "The name or the password is missing"},
    **TOO_MANY,
}
_SCHEMA = {"schema": SignIn.model_json_schema()}
SIGN_IN_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": _SCHEMA, "application/x-www-form-urlencoded": _SCHEMA},
    }
}


def session_router(auth: Auth) -> APIRouter:
    """The routes under ``/session``, which is the browser's own, and ``/sessions``."""
    router = APIRouter()
    _add_own_session(router, auth)
    _add_all_sessions(router, auth)
    return router


def _add_own_session(router: APIRouter, auth: Auth) -> None:
    """The routes by which a browser signs in and out."""
    sessions = auth.sessions

    @router.post(
        "/session",
        status_code=201,
        responses=SIGN_IN_REFUSALS,
        openapi_extra=SIGN_IN_BODY,
    )
    async def sign_in(
        request: Request,
        response: Response,
        tasks: BackgroundTasks,
        given: SignIn = Depends(read_sign_in),
    ) -> SignedIn:
        """Sign in: a new session, and two cookies.

        The one with the CSRF token can be read by scripts. They send the token in a header with
        every request that may change something. The session that the browser had before ends.

        For a user who has enabled a second step the answer is a 403 with a token for it.
        """
        sessions.check_origin(request)
        address = auth.settings.back_off.address_of(request)
        user = await auth.accounts.sign_in(given.name, given.password, address=address)
        if await auth.mfa.is_enabled(user):
            raise MfaRequired(await auth.mfa.challenge(user, purpose="session"))
        session = await sessions.start(user, request, response, methods=("pwd",))
        tasks.add_task(auth.expiry.remove_expired_if_due)
        return show_session(auth, sessions.principal_of(session, user))

    @router.get("/session", responses=NOT_SIGNED_IN)
    async def read_session(principal: Principal = auth.guards.session) -> SignedIn:
        """Who is signed in here, with a CSRF token for the page that asks."""
        return show_session(auth, principal)

    @router.delete("/session", status_code=204, responses=NOT_IN_PERSON)
    async def sign_out(
        request: Request, response: Response, principal: Principal = auth.guards.session
    ) -> None:
        """Sign out of this browser."""
        await sessions.end(request.cookies[sessions.cookie], response)


def _add_all_sessions(router: APIRouter, auth: Auth) -> None:
    """The routes by which users see where they are signed in, and sign out there."""
    sessions = auth.sessions

    @router.get("/sessions", responses=NOT_IN_PERSON)
    async def list_sessions(principal: Principal = auth.in_person) -> list[SessionInfo]:
        """List the browsers in which you are signed in."""
        current = principal.credential_id
        return [_shown(one, current) for one in await sessions.of(principal.user)]

    @router.delete("/sessions", status_code=204, responses=NOT_IN_PERSON)
    async def end_all_sessions(response: Response, principal: Principal = auth.in_person) -> None:
        """Sign out of all browsers, this one included."""
        await sessions.end_all(principal.user, response)

    @router.delete(
        "/sessions/{id}",
        status_code=204,
        responses={**NOT_IN_PERSON, 404: {"description": "You have no such session"}},
    )
    async def end_session(
        id: str, response: Response, principal: Principal = auth.in_person
    ) -> None:
        """Sign out of one browser."""
        if not await sessions.end_one(principal.user, id):
            raise HTTPException(404, "You have no such session")
        if id == principal.credential_id:
            sessions.forget_cookies(response)


def show_session(auth: Auth, principal: Principal) -> SignedIn:
    """What a page is told of the session that it is in."""
    return SignedIn(
        name=principal.user.name,
        roles=list(principal.user.roles),
        scopes=sorted(principal.scopes),
        methods=list(principal.methods),
        csrf_token=auth.sessions.make_csrf_token(principal.credential_id),
    )


def _shown(session: Session, current: str) -> SessionInfo:
    return SessionInfo(
        id=session.id,
        user_agent=session.user_agent,
        created_at=session.created_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
        is_current=session.id == current,
    )


async def read_sign_in(request: Request) -> SignIn:
    """The body of a sign-in: JSON, or the form of a page.

    Raises:
        HTTPException: 415 for a body that is neither. Pages of other sites can send plain text
            without asking, so that is no JSON here.
        RequestValidationError: Something is missing. What was sent is not repeated.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type == "application/json":
            return SignIn.model_validate_json(await request.body())
        if content_type == "application/x-www-form-urlencoded":
            return SignIn.model_validate(_read_form(await request.body()))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"]), "input": None} for one in found]
        ) from None
    raise HTTPException(415, "Send JSON or a form")


def _read_form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        # Too many fields, or no UTF-8: as if there were none.
        return {}


__all__ = ["SignIn", "SignedIn", "session_router", "show_session"]
