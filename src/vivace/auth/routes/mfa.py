"""The routes by which users set up the second step, and sign in with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from vivace import APIRouter, BackgroundTasks, Request, Response
from vivace.auth.errors import OAuthError
from vivace.auth.principal import Principal
from vivace.auth.routes.refusals import (
    NOT_IN_PERSON,
    NOT_SIGNED_IN,
    TOO_MANY,
    WRONG_PASSWORD,
    Responses,
)
from vivace.auth.routes.secret_body import SecretBody
from vivace.auth.routes.sessions import SignedIn, show_session
from vivace.auth.routes.tokens import TokenAnswer, TokenFailure, token_failure
from vivace.auth.stores.records import User
from vivace.responses import JSONResponse

if TYPE_CHECKING:
    from vivace.auth.kit import Auth


class Enrolled(BaseModel):
    """What an authenticator app is set up with. It is shown this once."""

    secret: str = Field(description="In base 32, for those who type it in.")
    uri: str = Field(description="`otpauth://totp/...`, which opens the app on a phone.")
    svg: str = Field(description="The URI as a QR code: an SVG document.")


class MfaStatus(BaseModel):
    """How far you have come with the second step."""

    state: Literal["disabled", "unconfirmed", "enabled"] = Field(
        description="Only where it is `enabled`, sign-in asks for a code."
    )
    recovery_codes_left: int


class NewRecoveryCodes(BaseModel):
    """Codes for when the authenticator app is not at hand, for one sign-in each."""

    recovery_codes: list[str] = Field(description="They are shown this once.")


class ConfirmationCode(SecretBody):
    """A code that the authenticator app shows."""

    code: str = Field(examples=["123456"])


class PasswordProof(SecretBody):
    """That it is you who asks, and not somebody at your screen."""

    password: str = Field(
        "",
        description="Not needed if you have none, as you sign in with a provider.",
        json_schema_extra={"format": "password"},
    )


class Reauthentication(PasswordProof):
    """The same, with a code."""

    code: str = Field(
        description="Of the authenticator app, or a recovery code.", examples=["123456"]
    )


class SecondStepAnswer(SecretBody):
    """The second step of a sign-in."""

    mfa_token: str = Field(description="What the first step was answered with.")
    code: str = Field(
        description="Of the authenticator app, or a recovery code.", examples=["123456"]
    )


class Refusal(BaseModel):
    """Why a code was not taken."""

    error: Literal["invalid_code", "invalid_mfa_token"]
    error_description: str


class Refused(BaseModel):
    """The second step has failed. After `invalid_mfa_token` it takes a new first step."""

    detail: Refusal


CONFLICT: Responses = {409: {"description": "The second step is not in a state for this"}}
ENROLMENT_REFUSED: Responses = {**WRONG_PASSWORD, **CONFLICT, **TOO_MANY}
CHANGE_REFUSED: Responses = {
    **NOT_SIGNED_IN,
    403: {"description": "The code or the password is wrong; an API key; no CSRF token"},
    **CONFLICT,
    **TOO_MANY,
}
SIGN_IN_REFUSED: Responses = {
    401: {"model": Refused, "description": "The sign-in has expired or ended: begin anew"},
    403: {"model": Refused, "description": "The code is wrong or used up: try another"},
    **TOO_MANY,
}
TOKENS_REFUSED: Responses = {
    400: {"model": TokenFailure, "description": "A scope was lost since the first step"},
    **SIGN_IN_REFUSED,
}


def mfa_router(auth: Auth) -> APIRouter:
    """The routes under ``/users/me/mfa``, and ``/token/mfa`` and ``/session/mfa``."""
    router = APIRouter()
    _add_settings(router, auth)
    _add_second_steps(router, auth)
    return router


def _add_settings(router: APIRouter, auth: Auth) -> None:
    """The routes by which users set it up. API keys may use none of them."""
    mfa = auth.mfa

    @router.get("/users/me/mfa", responses=NOT_IN_PERSON)
    async def read_mfa(principal: Principal = auth.in_person) -> MfaStatus:
        """Whether your sign-in has a second step, and how many recovery codes you have left."""
        found = await mfa.state(principal.user)
        return MfaStatus(state=found.state, recovery_codes_left=found.recovery_codes_left)

    @router.post("/users/me/mfa", responses=ENROLMENT_REFUSED)
    async def enrol(
        given: PasswordProof, request: Request, principal: Principal = auth.in_person
    ) -> Enrolled:
        """Set up an authenticator app (RFC 6238).

        Nothing changes until you confirm it with a code. What was not confirmed before is void.
        """
        made = await mfa.enrol(await _check_password(auth, principal.user, given, request))
        return Enrolled(secret=made.secret, uri=made.uri, svg=made.svg)

    @router.post("/users/me/mfa/confirm", responses=CHANGE_REFUSED)
    async def confirm(
        given: ConfirmationCode, request: Request, principal: Principal = auth.in_person
    ) -> NewRecoveryCodes:
        """Enable the second step, with a code that the authenticator app shows."""
        address = auth.settings.back_off.address_of(request)
        codes = await mfa.confirm(principal.user, given.code, address=address)
        return NewRecoveryCodes(recovery_codes=codes)

    @router.post("/users/me/mfa/recovery-codes", responses=CHANGE_REFUSED)
    async def make_recovery_codes(
        given: Reauthentication, request: Request, principal: Principal = auth.in_person
    ) -> NewRecoveryCodes:
        """Get new recovery codes. Those that you have are void then."""
        user = await _reauthenticate(auth, principal.user, given, request)
        return NewRecoveryCodes(recovery_codes=await mfa.new_recovery_codes(user))

    @router.post("/users/me/mfa/disable", status_code=204, responses=CHANGE_REFUSED)
    async def disable(
        given: Reauthentication, request: Request, principal: Principal = auth.in_person
    ) -> None:
        """Sign in without a second step from now on."""
        await mfa.disable(await _reauthenticate(auth, principal.user, given, request))


def _add_second_steps(router: APIRouter, auth: Auth) -> None:
    """The routes by which a sign-in is completed."""
    mfa = auth.mfa

    @router.post("/token/mfa", response_model=TokenAnswer, responses=TOKENS_REFUSED)
    async def give_tokens(
        given: SecondStepAnswer, request: Request, tasks: BackgroundTasks
    ) -> TokenAnswer | JSONResponse:
        """Get tokens, with the code that `POST /token` has asked for."""
        user, challenge, methods = await mfa.answer(
            given.mfa_token,
            given.code,
            purpose="token",
            address=auth.settings.back_off.address_of(request),
        )
        try:
            pair = await auth.tokens.start(user, scopes=challenge.scopes, methods=methods)
        except OAuthError as error:  # The user has lost a scope since the first step.
            return token_failure(error)
        tasks.add_task(auth.expiry.remove_expired_if_due)
        return TokenAnswer.model_validate(pair)

    @router.post("/session/mfa", status_code=201, responses=SIGN_IN_REFUSED)
    async def start_session(
        given: SecondStepAnswer, request: Request, response: Response, tasks: BackgroundTasks
    ) -> SignedIn:
        """Start a session, with the code that `POST /session` has asked for."""
        sessions = auth.sessions
        sessions.check_origin(request)
        user, _, methods = await mfa.answer(
            given.mfa_token,
            given.code,
            purpose="session",
            address=auth.settings.back_off.address_of(request),
        )
        session = await sessions.start(user, request, response, methods=methods)
        tasks.add_task(auth.expiry.remove_expired_if_due)
        return show_session(auth, sessions.principal_of(session, user))


async def _reauthenticate(
    auth: Auth, user: User, given: Reauthentication, request: Request
) -> User:
    """The user as they are now, if password and code are theirs; the code is used up.

    Raises:
        AuthError: One of them is wrong, or too many have been.
    """
    user = await _check_password(auth, user, given, request)
    await auth.mfa.verify(user, given.code, address=auth.settings.back_off.address_of(request))
    return user


async def _check_password(auth: Auth, user: User, given: PasswordProof, request: Request) -> User:
    """The user as they are now, if the password is theirs, or they have none.

    Raises:
        AuthError: It is wrong, or too many have been.
    """
    if user.password_hash is None:
        return user
    address = auth.settings.back_off.address_of(request)
    return await auth.accounts.reauthenticate(user, given.password, address=address)


__all__ = ["mfa_router"]
