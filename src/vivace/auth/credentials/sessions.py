"""Sessions: browsers that are signed in, each by a cookie."""

from __future__ import annotations

from datetime import timedelta

from vivace import Response
from vivace.auth.credentials.csrf import CsrfTokens, acts, check_origin
from vivace.auth.credentials.last_use import note_use
from vivace.auth.errors import CsrfFailed, InvalidCredentials
from vivace.auth.principal import Principal
from vivace.auth.roles import Roles
from vivace.auth.settings import SessionSettings
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import Session, User, now
from vivace.auth.vault import Vault, digest, new_token
from vivace.requests import HTTPConnection

#: How often it is written down that a session is used, at most.
NOTE_USE_EVERY = timedelta(minutes=1)


class Sessions:
    """Starts sessions, tells whose they are, and ends them.

    Attributes:
        cookie: The name of the cookie with the session's id.
        csrf_cookie: The name of the one with the CSRF token, which scripts may read.

    Raises:
        ValueError: The settings ask for cookies that browsers do not take.
    """

    def __init__(self, store: Store, vault: Vault, roles: Roles, settings: SessionSettings) -> None:
        if settings.same_site == "none" and not settings.secure:
            raise ValueError('Browsers refuse cookies with same_site="none" that are not secure.')
        self._store = store
        self._roles = roles
        self._settings = settings
        self._csrf = CsrfTokens(vault)
        self._note_use_every = min(NOTE_USE_EVERY, settings.idle / 4)
        self.cookie = _with_prefix(settings.cookie, settings)
        self.csrf_cookie = _with_prefix(settings.csrf_cookie, settings)

    async def start(
        self,
        user: User,
        request: HTTPConnection,
        response: Response,
        *,
        methods: tuple[str, ...],
    ) -> Session:
        """Sign a browser in: a new session, whose cookies ``response`` sets.

        The session that the request came with, whosever it is, ends. An id that a client brings is
        never used, so nobody can know the one of a session before it starts.

        Args:
            methods: How the user has signed in: values of ``amr`` (RFC 8176).
        """
        before = request.cookies.get(self.cookie)
        if before:
            await self._store.remove(Session, id=digest(before))
        await self._forget_ended(user)
        cookie = new_token()
        session = Session(
            id=digest(cookie),
            user_id=user.id,
            epoch=user.epoch,
            methods=methods,
            user_agent=_printable(request.headers.get("user-agent", "")),
            expires_at=now() + self._settings.absolute,
        )
        await self._store.add(session)
        self._set_cookie(response, self.cookie, cookie, for_scripts=False)
        csrf_token = self.make_csrf_token(session.id)
        self._set_cookie(response, self.csrf_cookie, csrf_token, for_scripts=True)
        return session

    async def verify(self, cookie: str, request: HTTPConnection) -> Principal:
        """Whose session it is.

        Raises:
            InvalidCredentials: There is no such session (any more), or its user is not active.
            CsrfFailed: The request may change something, and may come from another site.
        """
        session = await self._store.get(Session, digest(cookie))
        if session is None or self._has_expired(session):
            raise InvalidCredentials
        user = await self._store.get(User, session.user_id)
        if user is None or not user.is_active or user.epoch != session.epoch:
            raise InvalidCredentials
        if acts(request):
            self._check_forgery(request, session)
        await note_use(self._store, session, self._note_use_every)
        return self.principal_of(session, user)

    def principal_of(self, session: Session, user: User) -> Principal:
        """Who makes the requests of a session: it may do all that its user may."""
        return Principal(
            user=user,
            scopes=self._roles.scopes_of(user.roles),
            method="session",
            credential_id=session.id,
            methods=session.methods,
        )

    def make_csrf_token(self, session_id: str) -> str:
        """What a page has to send in the header of what it does in a session."""
        return self._csrf.make(session_id)

    def check_origin(self, request: HTTPConnection) -> None:
        """Refuse a sign-in that another site's page makes a browser do.

        Its user would go on in the account of an attacker, and leave there what is theirs.

        Raises:
            CsrfFailed: The request comes from another site.
        """
        check_origin(request, self._settings.trusted_origins)

    async def of(self, user: User) -> list[Session]:
        """The sessions of ``user`` that have not ended, the oldest first."""
        sessions = await self._store.find(Session, user_id=user.id)
        return [one for one in sessions if not self._is_over(one, user)]

    async def end(self, cookie: str, response: Response) -> None:
        """Sign a browser out; ``response`` has it forget its cookies."""
        await self._store.remove(Session, id=digest(cookie))
        self.forget_cookies(response)

    async def end_one(self, user: User, id: str) -> bool:
        """End the session of ``user`` with this id; ``False`` where there is none."""
        if id not in [one.id for one in await self.of(user)]:
            return False
        return await self._store.remove(Session, id=id, user_id=user.id) > 0

    async def end_all(self, user: User, response: Response | None = None) -> None:
        """Sign ``user`` out of all browsers."""
        await self._store.remove(Session, user_id=user.id)
        if response is not None:
            self.forget_cookies(response)

    def forget_cookies(self, response: Response) -> None:
        """Have the browser forget the cookies of its session."""
        for name in (self.cookie, self.csrf_cookie):
            self._set_cookie(response, name, "", for_scripts=name == self.csrf_cookie)

    def _check_forgery(self, request: HTTPConnection, session: Session) -> None:
        self.check_origin(request)
        if request.scope["type"] == "websocket":
            # Pages cannot add headers to it; browsers always say which origin it is of.
            return
        token = request.headers.get(self._settings.csrf_header, "")
        if not self._csrf.is_valid(token, session.id):
            raise CsrfFailed

    def _has_expired(self, session: Session) -> bool:
        time = now()
        return session.expires_at <= time or session.seen_at + self._settings.idle <= time

    def _is_over(self, session: Session, user: User) -> bool:
        return self._has_expired(session) or session.epoch != user.epoch

    async def _forget_ended(self, user: User) -> None:
        """Remove what nobody signed out of, so that it does not pile up."""
        for session in await self._store.find(Session, user_id=user.id):
            if self._is_over(session, user):
                await self._store.remove(Session, id=session.id)

    def _set_cookie(self, response: Response, name: str, value: str, *, for_scripts: bool) -> None:
        """Set a cookie; an empty ``value`` removes it."""
        settings = self._settings
        response.set_cookie(
            name,
            value,
            max_age=int(settings.absolute.total_seconds()) if value else 0,
            path=settings.path,
            domain=settings.domain,
            secure=settings.secure,
            httponly=not for_scripts,
            samesite=settings.same_site,
        )


def _with_prefix(name: str, settings: SessionSettings) -> str:
    """The name under which browsers take the cookie from this very host alone, where they can.

    See RFC 6265bis, section 4.1.3: one with ``__Host-`` cannot be set by a subdomain, nor without
    TLS.
    """
    if not settings.secure:
        return name
    is_for_host = settings.path == "/" and settings.domain is None
    return f"__Host-{name}" if is_for_host else f"__Secure-{name}"


def _printable(user_agent: str) -> str:
    return "".join(one for one in user_agent[:200] if one.isprintable())


__all__ = ["Sessions"]
