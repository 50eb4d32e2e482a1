"""A kit with one provider, and a browser that goes there and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import anyio
import httpx2
from tests.unit.auth.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIDProvider

from vivace import Depends, Vivace
from vivace.auth import (
    Auth,
    AuthSettings,
    Identity,
    MemoryStore,
    PasswordSettings,
    Provider,
    Record,
    SessionSettings,
    User,
)
from vivace.auth.routes.no_store import forbid_storing
from vivace.auth.routes.openid import openid_router
from vivace.auth.routes.sessions import session_router
from vivace.testclient import TestClient

SECRET = "a secret of at least thirty-two characters"
CHEAP = PasswordSettings(time_cost=1, memory_cost=8, parallelism=1)
#: What a browser says that follows a link on a page of the site.
OWN_LINK = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "__Host-openid"

_http = httpx2.Client(verify=False)  # The provider has no TLS; reading certificates takes long.


class Role(Enum):
    ADMIN = "admin"
    READER = "reader"


def make_kit(state: OpenIDProvider, *, secure: bool = True, **options: Any) -> tuple[Vivace, Auth]:
    """An app with sessions, and the providers ``acme`` and ``other``, which is the same."""
    providers = [
        Provider(name, state.issuer, CLIENT_ID, CLIENT_SECRET, **options)
        for name in ("acme", "other")
    ]
    auth = Auth(
        SECRET,
        store=MemoryStore(),
        roles=Role,
        settings=AuthSettings(passwords=CHEAP, sessions=SessionSettings(secure=secure)),
    )
    app = Vivace(dependencies=[Depends(forbid_storing)])
    # Not all of the kit's routes, since there is an app for each test.
    app.include_router(openid_router(auth, providers))
    app.include_router(session_router(auth))
    return app, auth


class Browser:
    """Goes where it is sent, one step at a time, and keeps cookies."""

    def __init__(self, app: Vivace) -> None:
        self.client = TestClient(app, base_url="https://shop.test", follow_redirects=False)

    def get(self, url: str, **options: Any) -> Any:
        return self.client.get(url, **options)

    def leave(self, path: str = "/openid/acme/login?next=/books") -> str:
        """To the provider, and from there to where it sends the browser back."""
        response = self.get(path, headers=OWN_LINK)
        assert response.status_code == 303, response.text
        at_provider = _http.get(response.headers["location"])
        assert at_provider.status_code == 302, at_provider.text
        return at_provider.headers["location"]

    def sign_in(self, path: str = "/openid/acme/login?next=/books") -> Any:
        return self.get(self.leave(path))

    def name(self) -> str | None:
        """Who is signed in."""
        response = self.get("/session")
        return response.json()["name"] if response.status_code == 200 else None


def run(call: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
    async def main() -> Any:
        return await call(*args, **options)

    return anyio.run(main)


def kept(auth: Auth, kind: type[Record] = User, **equal: Any) -> list[Any]:
    found: list[Any] = run(auth.store.find, kind, **equal)
    return found


def keep_user(auth: Auth, **values: Any) -> User:
    user = User(**values)
    run(auth.store.add, user)
    return user


def keep_identity(auth: Auth, user: User, state: OpenIDProvider) -> None:
    run(auth.store.add, Identity(user_id=user.id, subject=f"{state.issuer} {state.sub}"))


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def with_query(url: str, **changes: str | None) -> str:
    """``url`` with parameters changed; ``None`` leaves one out."""
    query = {**query_of(url), **changes}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlsplit(url)._replace(query=urlencode(kept)).geturl()


def fragment_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).fragment)
