"""The kit as a whole: what an app makes once, and takes its guards and routes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from vivace import APIRouter, Depends
from vivace.auth.accounts.back_off import BackOff
from vivace.auth.accounts.lifecycle import Accounts, SendReset
from vivace.auth.accounts.passwords import Passwords
from vivace.auth.credentials.api_keys import ApiKeys
from vivace.auth.credentials.presented import Credentials, KeyLimit
from vivace.auth.credentials.sessions import Sessions
from vivace.auth.credentials.signing_keys import Keys, SigningKey
from vivace.auth.credentials.tokens import Tokens
from vivace.auth.expiry import Expiry
from vivace.auth.guards import Guards
from vivace.auth.mfa.second_step import Mfa
from vivace.auth.openid.provider import Provider
from vivace.auth.roles import Roles, scope_name
from vivace.auth.routes.accounts import account_router
from vivace.auth.routes.api_keys import api_key_router
from vivace.auth.routes.mfa import mfa_router
from vivace.auth.routes.no_store import forbid_storing
from vivace.auth.routes.openid import openid_router
from vivace.auth.routes.sessions import session_router
from vivace.auth.routes.tokens import token_router
from vivace.auth.settings import AuthSettings
from vivace.auth.stores.protocol import Store
from vivace.auth.vault import Vault
from vivace.opening import opening

#: Of any route's body, in bytes: more than two long passwords need, however they are escaped.
LARGEST_BODY = 65_536


class Auth:
    """Sign-in, and what it guards.

    .. code-block:: python

        auth = Auth(os.environ["SECRET"], store=SQLStore("sqlite+aiosqlite:///app.db"), roles=Role)
        app.include_router(auth.router())


        @app.get("/articles")
        async def list_articles(user: Annotated[User, auth.user]): ...


        @app.delete("/articles/{id}", dependencies=[auth.require(Role.ADMIN)])
        async def delete_article(id: int): ...

    Args:
        secret: At least 32 characters that nobody else knows; or several, the present one first,
            while the secret is being changed.
        store: Where accounts, tokens, keys and sessions are kept.
        roles: The roles as an ``Enum``; or :class:`Roles`, which also says what they contain.
        keys: What access tokens are signed with; by default, HS256 with a key that is derived from
            the secret.
        settings: Lifetimes, names and limits.
        prefix: Where the routes are, below the app.
        send_reset: Called with a user and a token by which a new password can be set. Without it
            there are no routes for that.
        providers: Outside providers of OpenID Connect that users may sign in with.
        limit_key: Called with the principal and the request, or WebSocket, for each one that an
            API key makes: it may raise a 429. ``principal.credential_id`` tells the keys apart.

    Attributes:
        user: A dependency that gives the :class:`~vivace.auth.User` who is signed in.
        principal: One that gives the :class:`~vivace.auth.Principal`.
        in_person: One that gives the principal, and refuses API keys: for what is about the
            account itself.

    Raises:
        ValueError: The secret is too short, or the roles contradict each other.
    """

    def __init__(
        self,
        secret: str | Sequence[str],
        *,
        store: Store,
        roles: Roles | type[Enum] | None = None,
        keys: Keys | None = None,
        settings: AuthSettings | None = None,
        prefix: str = "",
        send_reset: SendReset | None = None,
        providers: Iterable[Provider] = (),
        limit_key: KeyLimit | None = None,
    ) -> None:
        self.settings = settings or AuthSettings()
        self.store = store
        self.roles = roles if isinstance(roles, Roles) else Roles(roles)
        self.vault = Vault(secret)
        self.keys = keys or _derived_keys(self.vault)
        self._prefix = prefix
        self._send_reset = send_reset
        self._providers = list(providers)
        self._make_parts()
        self.guards = Guards(
            settings=self.settings,
            roles=self.roles,
            token_url=f"{prefix}/token".removeprefix("/"),
            credentials=Credentials(
                self.tokens, self.api_keys, self.sessions, self.settings.api_keys, limit_key
            ),
            session_cookie=self.sessions.cookie,
            opened=opening(store),
        )
        self.user: Any = self.guards.user
        self.principal: Any = self.guards.principal
        self.in_person: Any = self.guards.in_person

    def _make_parts(self) -> None:
        settings, store = self.settings, self.store
        self.passwords = Passwords(settings.passwords)
        self.back_off = BackOff(store, settings.back_off)
        self.accounts = Accounts(
            store, self.passwords, self.back_off, settings.passwords, self._send_reset
        )
        self.tokens = Tokens(store, self.keys, self.roles, settings.tokens)
        # Access tokens of a user who was found good a moment ago are not believed any longer.
        self.accounts.watch(self.tokens.forget)
        self.mfa = Mfa(store, self.vault, self.back_off, settings.mfa)
        self.expiry = Expiry(store)
        self.api_keys = ApiKeys(store, self.roles, settings.api_keys)
        self.sessions = Sessions(store, self.vault, self.roles, settings.sessions)

    def require(self, *needed: Enum | str) -> Any:
        """A dependency that lets those pass who have every role and permission in ``needed``.

        It gives the :class:`~vivace.auth.Principal`. Others get a 401 where nobody is
        signed in, and a 403 where somebody is.

        Raises:
            ValueError: There is no such role or permission.
        """
        names = [scope_name(one) for one in needed]
        for name in names:
            if name not in self.roles.descriptions:
                raise ValueError(
                    f"There is no role or permission {name!r}. There are: "
                    f"{', '.join(self.roles.descriptions) or 'none'}."
                )
        return self.guards.require(*names)

    def router(self) -> APIRouter:
        """The routes of the kit, to be included in an app."""
        router = APIRouter(
            prefix=self._prefix,
            tags=["auth"],
            dependencies=[Depends(forbid_storing), self.guards.opened],
            max_body_size=LARGEST_BODY,
        )
        router.include_router(token_router(self))
        router.include_router(account_router(self))
        router.include_router(mfa_router(self))
        router.include_router(api_key_router(self))
        router.include_router(session_router(self))
        if self._providers:
            router.include_router(openid_router(self, self._providers))
        return router


def _derived_keys(vault: Vault) -> Keys:
    return Keys(*(SigningKey.hs256(secret) for secret in vault.derive("access tokens")))


__all__ = ["Auth"]
