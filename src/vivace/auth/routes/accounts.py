"""Routes by which people make an account and look after it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from vivace import APIRouter, BackgroundTasks, HTTPException, Request, Response
from vivace.auth.accounts.lifecycle import Accounts
from vivace.auth.errors import NotAcceptable
from vivace.auth.principal import Principal
from vivace.auth.routes.refusals import NOT_IN_PERSON, NOT_SIGNED_IN, TOO_MANY, WRONG_PASSWORD
from vivace.auth.routes.secret_body import SecretBody
from vivace.auth.stores.protocol import Duplicate
from vivace.auth.stores.records import User
from vivace.exceptions import RequestValidationError

if TYPE_CHECKING:
    from vivace.auth.kit import Auth


class NewAccount(SecretBody):
    """An account to be made."""

    name: str = Field(description="What to sign in with; upper and lower case are the same.")
    password: SecretStr
    email: str | None = Field(default=None, json_schema_extra={"format": "email"})


class Account(BaseModel):
    """An account, as its owner sees it."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    email: str | None
    roles: tuple[str, ...]
    created_at: datetime


class PasswordChange(SecretBody):
    """A new password, and proof that it is the owner who sets it."""

    old_password: SecretStr
    new_password: SecretStr


class ResetRequest(BaseModel):
    """Whose password has been forgotten."""

    name: str = Field(description="The name or the email address of the account.")


class ResetRequested(BaseModel):
    """What everybody is told who asks for a reset."""

    detail: str = "If there is such an account, a message is on its way."


class NewPassword(SecretBody):
    """A new password, and the token that was sent."""

    token: SecretStr
    password: SecretStr


def account_router(auth: Auth) -> APIRouter:
    """The routes of accounts: those for new ones only where ``registration`` is on, and those for
    forgotten passwords only where tokens can be sent.
    """
    router = APIRouter()
    if auth.settings.registration:
        _add_registration(router, auth.accounts)
    _add_own_account(router, auth)
    if auth.accounts.can_reset:
        _add_reset(router, auth)
    return router


def _add_registration(router: APIRouter, accounts: Accounts) -> None:
    @router.post(
        "/register",
        status_code=201,
        responses={409: {"description": "The name or the email address is taken."}},
    )
    async def register(new: NewAccount) -> Account:
        """Make an account. It has no roles.

        That a name is taken cannot be kept secret from those who may choose one.
        """
        try:
            user = await accounts.register(
                new.name, new.password.get_secret_value(), email=new.email
            )
        except NotAcceptable as error:
            raise _invalid(error, error.field) from None
        except Duplicate:
            # Not which: those who are told of a name do not learn of an address by the way.
            raise HTTPException(409, "The name or the email address is taken") from None
        return Account.model_validate(user)


def _add_own_account(router: APIRouter, auth: Auth) -> None:
    accounts = auth.accounts

    @router.get("/users/me", responses=NOT_SIGNED_IN)
    async def read_me(user: User = auth.user) -> Account:
        """The account in whose name the request is made."""
        return Account.model_validate(user)

    @router.post("/users/me/password", status_code=204, responses={**WRONG_PASSWORD, **TOO_MANY})
    async def change_password(
        change: PasswordChange,
        request: Request,
        response: Response,
        principal: Principal = auth.in_person,
    ) -> None:
        """Set another password. All tokens and sessions end, also those of this request."""
        try:
            await accounts.change_password(
                principal.user,
                change.old_password.get_secret_value(),
                change.new_password.get_secret_value(),
                address=auth.settings.back_off.address_of(request),
            )
        except NotAcceptable as error:
            raise _invalid(error, "new_password") from None
        await _end_everything(auth, principal, response)

    @router.post("/users/me/sign-out-everywhere", status_code=204, responses=NOT_IN_PERSON)
    async def sign_out_everywhere(
        response: Response, principal: Principal = auth.in_person
    ) -> None:
        """End all tokens and sessions of the account, also those of this request."""
        await accounts.sign_out_everywhere(principal.user)
        await _end_everything(auth, principal, response)


def _add_reset(router: APIRouter, auth: Auth) -> None:
    accounts = auth.accounts

    @router.post("/password-reset", status_code=202)
    async def request_password_reset(
        forgotten: ResetRequest, request: Request, background: BackgroundTasks
    ) -> ResetRequested:
        """Have a token sent by which a new password can be set.

        The answer is the same whether there is such an account or not.
        """
        # All of it after the answer, so that the time of the answer does not tell either.
        address = auth.settings.back_off.address_of(request)
        background.add_task(accounts.request_reset, forgotten.name, address=address)
        return ResetRequested()

    @router.post(
        "/password-reset/confirm",
        status_code=204,
        responses={400: {"description": "The token is unknown, expired or used."}},
    )
    async def confirm_password_reset(new: NewPassword) -> None:
        """Set a new password by the token that was sent. All tokens and sessions end."""
        try:
            await accounts.reset(new.token.get_secret_value(), new.password.get_secret_value())
        except NotAcceptable as error:
            raise _invalid(error, "password") from None


async def _end_everything(auth: Auth, principal: Principal, response: Response) -> None:
    """Remove what does not count any more since the epoch went up, and the browser's cookies."""
    await auth.tokens.end_all(principal.user)
    cookies_of = response if principal.method == "session" else None
    await auth.sessions.end_all(principal.user, cookies_of)


def _invalid(error: NotAcceptable, field: str) -> RequestValidationError:
    """The 422 of a value that no account can have, without the value."""
    return RequestValidationError(
        [{"type": "value_error", "loc": ("body", field), "msg": str(error)}]
    )


__all__ = ["Account", "account_router"]
