"""An app with the whole kit, set up by the environment. ``shop.py`` serves it by two processes.

Argon2 costs next to nothing here, and an access token is looked up in each request, so that what
one process does is seen by the other at once.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum
from pathlib import Path

from vivace import HTTPException, Request, Response, Vivace
from vivace.auth import (
    ApiKeySettings,
    Attempts,
    Auth,
    AuthSettings,
    BackOffSettings,
    Challenge,
    Keys,
    MfaSettings,
    PasswordSettings,
    Principal,
    Provider,
    RedisStore,
    Roles,
    Session,
    SigningKey,
    SplitStore,
    SQLStore,
    Store,
    TokenSettings,
    User,
)
from vivace.requests import HTTPConnection

ENVIRONMENT = os.environ
#: Whether guesses cost nothing: for the tests that guess very often.
GUESSES_ARE_FREE = ENVIRONMENT.get("SHOP_GUESSES_ARE_FREE") == "yes"
#: How many requests each API key has in each process.
REQUESTS_BY_KEY = int(ENVIRONMENT["SHOP_REQUESTS_BY_KEY"])


class Role(Enum):
    ADMIN = "admin"
    EDITOR = "editor"
    READER = "reader"


ROLES = Roles(
    Role,
    contains={Role.ADMIN: [Role.EDITOR], Role.EDITOR: [Role.READER]},
    grants={Role.EDITOR: ["articles:write"]},
    descriptions={Role.ADMIN: "Everything", "articles:write": "Write articles"},
)


def make_keys() -> Keys | None:
    """Those that ``SHOP_KEYS`` names, in that order, as ``ed,rs``; ``None`` for the default."""
    names = ENVIRONMENT["SHOP_KEYS"]
    makers = {
        "ed": lambda: SigningKey.eddsa(ENVIRONMENT["SHOP_ED25519"], "ed"),
        "rs": lambda: SigningKey.rs256(ENVIRONMENT["SHOP_RSA"], "rs"),
        "hs": lambda: SigningKey.hs256(ENVIRONMENT["SHOP_SECRET"], "hs"),
    }
    return Keys(*(makers[name]() for name in names.split(","))) if names else None


def make_store() -> Store:
    """On a database, whose tables the processes make; with ``SHOP_REDIS``, also on Redis."""
    store = SQLStore(ENVIRONMENT["SHOP_DATABASE"], create_tables=True)
    if "SHOP_REDIS" not in ENVIRONMENT:
        return store
    redis = RedisStore(ENVIRONMENT["SHOP_REDIS"], prefix=ENVIRONMENT["SHOP_PREFIX"])
    return SplitStore(store, {Session: redis, Challenge: redis, Attempts: redis})


def make_settings() -> AuthSettings:
    many = 1_000_000_000
    free = {"free_by_account": many, "free_by_address": many} if GUESSES_ARE_FREE else {}
    return AuthSettings(
        tokens=TokenSettings(trust=timedelta(0)),
        api_keys=ApiKeySettings(query="api_key", cookie="api_key"),
        passwords=PasswordSettings(time_cost=1, memory_cost=8, parallelism=1),
        back_off=BackOffSettings(first_wait=timedelta(seconds=30), **free),  # type: ignore[arg-type]
        mfa=MfaSettings(
            drift=2,
            recovery_codes=2 if GUESSES_ARE_FREE else 10,
            max_failures=many if GUESSES_ARE_FREE else 5,
        ),
    )


async def send_reset(user: User, token: str) -> None:
    """To a file that has the user's name, there all at once."""
    mailbox = Path(ENVIRONMENT["SHOP_MAIL"])
    draft = mailbox / f"{user.name}.draft"
    draft.write_text(token)
    draft.rename(mailbox / user.name)


requests_by_key: Counter[str] = Counter()


async def limit_key(principal: Principal, connection: HTTPConnection) -> None:
    requests_by_key[principal.credential_id] += 1
    if requests_by_key[principal.credential_id] > REQUESTS_BY_KEY:
        raise HTTPException(429, "Too many requests", {"Retry-After": "60"})


auth = Auth(
    ENVIRONMENT["SHOP_SECRET"],
    store=make_store(),
    roles=ROLES,
    keys=make_keys(),
    settings=make_settings(),
    send_reset=send_reset,
    limit_key=limit_key,
    providers=[
        Provider(
            "acme",
            issuer=ENVIRONMENT["SHOP_ISSUER"],
            client_id=ENVIRONMENT["SHOP_CLIENT_ID"],
            client_secret=ENVIRONMENT["SHOP_CLIENT_SECRET"],
        )
    ],
)

app = Vivace()
app.include_router(auth.router())


@app.middleware("http")
async def say_which_process(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers["X-Process"] = str(os.getpid())
    return response


@app.get("/health")
async def health() -> str:
    return "well"


@app.get("/whoami")
async def whoami(principal: Principal = auth.principal) -> dict[str, object]:
    return {
        "name": principal.user.name,
        "scopes": sorted(principal.scopes),
        "method": principal.method,
        "methods": principal.methods,
    }


@app.get("/articles", dependencies=[auth.require(Role.READER)])
async def list_articles() -> list[str]:
    return ["Emma"]


@app.post("/articles", dependencies=[auth.require("articles:write")], status_code=201)
async def write_article() -> str:
    return "Emma"


@app.delete("/articles", dependencies=[auth.require(Role.ADMIN)], status_code=204)
async def delete_articles() -> None: ...
