"""The token endpoint of OAuth 2.0 (RFC 6749), revocation (RFC 7009), and the public keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vivace import APIRouter, BackgroundTasks, Form, Request, Response
from vivace.auth.credentials.tokens import TokenPair
from vivace.auth.errors import InvalidSignIn, MfaRequired, OAuthError
from vivace.auth.routes.no_store import NO_STORE
from vivace.auth.routes.refusals import TOO_MANY, Responses
from vivace.responses import JSONResponse

if TYPE_CHECKING:
    from vivace.auth.kit import Auth

#: For so many seconds others may go on with the keys that they have: a new one has to be there for
#: longer before it signs.
KEYS_LIFETIME = 300

#: A file in its place counts as left out, so that it is a 400 of OAuth 2.0 and no 422.
Text = Annotated[str, BeforeValidator(lambda given: given if isinstance(given, str) else "")]


class TokenForm(BaseModel):
    """What a client asks the token endpoint for. What is empty counts as left out."""

    grant_type: Text = Field("", description="`password`, which may be left out; `refresh_token`.")
    username: Text = Field("", description="For `password`.")
    password: Text = Field(
        "", description="For `password`.", json_schema_extra={"format": "password"}
    )
    refresh_token: Text = Field("", description="For `refresh_token`.")
    scope: Text = Field(
        "", description="Scopes with spaces between; without any, all that the user may have."
    )


class RevocationForm(BaseModel):
    """What a client gives back."""

    token: Text = Field("", description="An access token or a refresh token.")
    token_type_hint: Text = Field("", description="Not needed, and not looked at.")


class TokenAnswer(BaseModel):
    """Tokens (RFC 6749, section 5.1)."""

    model_config = ConfigDict(from_attributes=True)

    access_token: str = Field(description="To be sent as `Authorization: Bearer ...`.")
    token_type: str = Field(examples=["bearer"])
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str = Field(description="Good for new tokens, once.")
    scope: str = Field(description="What the access token is good for.")


class TokenFailure(BaseModel):
    """Why there are no tokens (RFC 6749, section 5.2)."""

    error: str = Field(examples=["invalid_grant"])
    error_description: str


class SecondStep(BaseModel):
    """What the second step of a sign-in needs."""

    error: str = Field(examples=["mfa_required"])
    mfa_token: str = Field(description="To be sent to `/token/mfa` with a one-time code.")


class SecondStepNeeded(BaseModel):
    """The password is right, and a one-time code is needed as well."""

    detail: SecondStep


class PublicKeys(BaseModel):
    """A JWK set (RFC 7517, section 5)."""

    keys: list[dict[str, Any]]


REFUSED: Responses = {
    400: {"model": TokenFailure, "description": "Refused; `error` says why."},
}
SIGN_IN_REFUSED: Responses = {
    **REFUSED,
    403: {"model": SecondStepNeeded, "description": "A one-time code is needed as well."},
    **TOO_MANY,
}


def token_router(auth: Auth) -> APIRouter:
    """``POST /token`` and ``POST /token/revoke``; ``GET /.well-known/jwks.json`` for public keys.

    Failures are answered as OAuth 2.0 has it, not as ``detail``.
    """
    router = APIRouter()

    @router.post("/token", response_model=TokenAnswer, responses=SIGN_IN_REFUSED)
    async def give_tokens(
        request: Request, tasks: BackgroundTasks, form: TokenForm = Form()
    ) -> TokenAnswer | JSONResponse:
        """Sign in with name and password, or get new tokens for a refresh token.

        A refresh token can be used once. One that comes a second time ends everything that came of
        the sign-in, so a client must not use it from two places at a time.
        """
        address = auth.settings.back_off.address_of(request)
        try:
            pair = await _grant(auth, form, address)
        except (OAuthError, InvalidSignIn) as error:
            return token_failure(error)
        tasks.add_task(auth.expiry.remove_expired_if_due)
        return TokenAnswer.model_validate(pair)

    @router.post("/token/revoke", response_model=None, response_class=Response, responses=REFUSED)
    async def revoke_token(form: RevocationForm = Form()) -> JSONResponse | None:
        """End everything that came of the sign-in that a token is from.

        The answer is the same for a token that there is not (RFC 7009, section 2.2).
        """
        if not form.token:
            return token_failure(OAuthError("invalid_request", "token is missing"))
        await auth.tokens.revoke(form.token)
        return None

    if auth.keys.jwks()["keys"]:
        _add_public_keys(router, auth)
    return router


def _add_public_keys(router: APIRouter, auth: Auth) -> None:
    """Only where there are any: with a shared secret nobody else can verify a token."""

    @router.get("/.well-known/jwks.json", response_model=PublicKeys)
    async def read_public_keys() -> JSONResponse:
        """The keys by which other services can verify access tokens."""
        return JSONResponse(
            auth.keys.jwks(),
            media_type="application/jwk-set+json",
            headers={"Cache-Control": f"public, max-age={KEYS_LIFETIME}"},
        )


def token_failure(error: OAuthError | InvalidSignIn) -> JSONResponse:
    """The answer of the token endpoint where there are no tokens (RFC 6749, section 5.2).

    That includes a wrong password: 401 is for clients that have to authenticate, and do not.
    """
    if isinstance(error, OAuthError):
        content = error.detail
    else:
        content = {"error": "invalid_grant", "error_description": error.detail}
    return JSONResponse(content, 400, headers=NO_STORE)


async def _grant(auth: Auth, form: TokenForm, address: str | None) -> TokenPair:
    if form.grant_type == "refresh_token":
        if not form.refresh_token:
            raise OAuthError("invalid_request", "refresh_token is missing")
        return await auth.tokens.refresh(form.refresh_token, scopes=form.scope.split())
    # Many clients leave it out, against section 4.3.2.
    if form.grant_type in ("", "password"):
        return await _sign_in(auth, form, address)
    raise OAuthError("unsupported_grant_type", "grant_type is password or refresh_token")


async def _sign_in(auth: Auth, form: TokenForm, address: str | None) -> TokenPair:
    """The password grant (RFC 6749, section 4.3), and the first of two steps where there are two.

    Raises:
        MfaRequired: A 403 with what the second step needs.
    """
    if not form.username or not form.password:
        raise OAuthError("invalid_request", "username or password is missing")
    user = await auth.accounts.sign_in(form.username, form.password, address=address)
    scopes = form.scope.split()
    # A scope that the user may not have is refused at the first step, not after the second.
    auth.tokens.scopes_for(user, scopes)
    if await auth.mfa.is_enabled(user):
        mfa_token = await auth.mfa.challenge(user, purpose="token", scopes=scopes)
        raise MfaRequired(mfa_token)
    return await auth.tokens.start(user, scopes=scopes, methods=("pwd",))


__all__ = ["TokenAnswer", "TokenFailure", "token_failure", "token_router"]
