"""A route that asks for a token and a role: by the kit, and by hand as in FastAPI's tutorial."""

import os
from datetime import timedelta
from enum import StrEnum
from time import time
from typing import Annotated, Any

import jwt

SECRET = "a secret of a benchmark, which is none at all"
ANSWER = {"name": "alice"}


class Role(StrEnum):
    READER = "reader"
    ADMIN = "admin"


def make_token() -> str:
    """A token with as many claims as one of the kit's."""
    seconds = int(time())
    times = {"iat": seconds, "nbf": seconds, "exp": seconds + 3600}
    claims = {"iss": "bench", "aud": "bench", "sub": "alice", "scope": "admin reader", **times}
    return jwt.encode({**claims, "jti": "1", "sid": "1", "epoch": 0, "amr": ["pwd"]}, SECRET)


def read_token(token: str) -> dict[str, Any]:
    """The claims of a token that is valid."""
    return jwt.decode(token, SECRET, algorithms=["HS256"], audience="bench", issuer="bench")


def add_to_vivace(app: Any) -> None:
    from vivace.auth import Auth, AuthSettings, MemoryStore, TokenSettings, User

    hour = timedelta(hours=1)
    settings = AuthSettings(tokens=TokenSettings(access_lifetime=hour))
    auth = Auth(SECRET, store=MemoryStore(), roles=Role, settings=settings)

    user = User(name="alice", roles=("admin", "reader"))

    @app.get("/token")
    async def token() -> str:
        if await auth.store.get(User, user.id) is None:
            await auth.store.add(user)
        return (await auth.tokens.start(user, methods=("pwd",))).access_token

    @app.get("/guarded", dependencies=[auth.require(Role.ADMIN)])
    async def guarded():
        return ANSWER


def add_to_fastapi(app: Any) -> None:
    from fastapi import Depends, HTTPException
    from fastapi.security import OAuth2PasswordBearer

    bearer = OAuth2PasswordBearer(tokenUrl="token")
    users = {"alice": {"name": "alice", "roles": ["admin", "reader"]}}

    async def current_user(token: Annotated[str, Depends(bearer)]) -> dict[str, Any]:
        try:
            return users[read_token(token)["sub"]]
        except (jwt.InvalidTokenError, KeyError):
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"}) from None

    async def admin(user: Annotated[dict[str, Any], Depends(current_user)]) -> None:
        if Role.ADMIN not in user["roles"]:
            raise HTTPException(403)

    @app.get("/token")
    async def token() -> str:
        return make_token()

    @app.get("/guarded", dependencies=[Depends(admin)])
    async def guarded():
        return ANSWER


def add_to(app: Any) -> None:
    add = add_to_fastapi if os.environ["BENCH_FRAMEWORK"] == "fastapi" else add_to_vivace
    add(app)
