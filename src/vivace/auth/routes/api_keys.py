"""The routes by which users make API keys, see them, and revoke them.

An API key opens none of them: who gets hold of one could make others, which outlive it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from vivace import APIRouter, HTTPException
from vivace.auth.principal import Principal
from vivace.auth.routes.refusals import NOT_IN_PERSON
from vivace.auth.stores.records import ApiKey, now

if TYPE_CHECKING:
    from vivace.auth.kit import Auth


def _check_printable(text: str) -> str:
    # Not every database can keep control characters, nor halves of surrogate pairs.
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


def _check_future(time: datetime) -> datetime:
    try:
        time = time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error
    if time <= now():
        raise ValueError("is in the past")
    return time


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_check_printable),
]


class NewApiKey(BaseModel):
    """An API key that is asked for."""

    name: Name = Field(description="What you know it by.", examples=["nightly export"])
    scopes: list[str] = Field(
        default=[], max_length=100, description="What it may do: nothing that you may not."
    )
    expires_at: Annotated[AwareDatetime, AfterValidator(_check_future)] | None = Field(
        default=None, description="From when on it is not accepted; by default it always is."
    )


class ApiKeyInfo(BaseModel):
    """An API key, without what makes it one."""

    id: str
    name: str
    prefix: str = Field(description="The part of the key between the underscores.")
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="Up to a minute old.")
    revoked_at: datetime | None


class MadeApiKey(ApiKeyInfo):
    """An API key that has just been made."""

    key: str = Field(description="The key itself, which is shown this once.")


def api_key_router(auth: Auth) -> APIRouter:
    """The routes under ``/users/me/api-keys``."""
    router = APIRouter(prefix="/users/me/api-keys", responses=NOT_IN_PERSON)

    @router.post(
        "",
        status_code=201,
        responses={
            403: {"description": "A scope that you do not have; an API key; no CSRF token"},
            409: {"description": "You have as many keys as you may: revoke one"},
        },
    )
    async def make_api_key(new: NewApiKey, principal: Principal = auth.in_person) -> MadeApiKey:
        """Make an API key. It is shown this once."""
        key, kept = await auth.api_keys.make(
            principal.user,
            name=new.name,
            scopes=new.scopes,
            expires_at=new.expires_at,
            granted=principal.scopes,
        )
        return MadeApiKey(key=key, **_shown(kept))

    @router.get("")
    async def list_api_keys(principal: Principal = auth.in_person) -> list[ApiKeyInfo]:
        """List your API keys, also those that have ended. What makes them keys is not known."""
        return [ApiKeyInfo(**_shown(kept)) for kept in await auth.api_keys.of(principal.user)]

    @router.delete(
        "/{id}", status_code=204, responses={404: {"description": "You have no such key"}}
    )
    async def revoke_api_key(id: str, principal: Principal = auth.in_person) -> None:
        """Revoke an API key: it is not accepted any more, from now on."""
        if not await auth.api_keys.revoke(principal.user, id):
            raise HTTPException(404, "You have no such key")

    return router


def _shown(kept: ApiKey) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in ApiKeyInfo.model_fields}


__all__ = ["ApiKeyInfo", "MadeApiKey", "NewApiKey", "api_key_router"]
