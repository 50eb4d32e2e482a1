"""Sessions: who is signed in by a cookie, for how long, and what the cookies are like."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.auth.small_kit import ORIGIN, SmallKit, run

from vivace import Response
from vivace.auth import AuthSettings, InvalidCredentials, Principal, Session, SessionSettings, User
from vivace.auth.credentials import sessions
from vivace.auth.errors import CsrfFailed
from vivace.auth.stores.records import now
from vivace.requests import HTTPConnection

SETTINGS = SessionSettings()


@pytest.fixture
def kit() -> SmallKit:
    return SmallKit()


def with_settings(**options: object) -> SmallKit:
    return SmallKit(AuthSettings(sessions=SessionSettings(**options)))  # type: ignore[arg-type]  # of several types


def request(method: str = "GET", **headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "scheme": "https", "method": method, "headers": raw})


def cookies_of(response: Response) -> dict[str, str]:
    """The ``Set-Cookie`` headers, by the names of the cookies."""
    lines = response.headers.getlist("set-cookie")
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


def start(kit: SmallKit, name: str = "ada", **headers: str) -> str:
    """Sign in; what stands in the cookie."""
    response, asking = Response(), request(**headers)
    run(kit.sessions.start(kit.user_of(name), asking, response, methods=("pwd",)))
    return cookies_of(response)[kit.sessions.cookie].partition(";")[0]


def is_accepted(kit: SmallKit, cookie: str, asking: HTTPConnection | None = None) -> bool:
    try:
        run(kit.sessions.verify(cookie, asking or request()))
    except InvalidCredentials:
        return False
    return True


def only_session(kit: SmallKit) -> Session:
    (session,) = run(kit.store.find(Session))
    return session


def test_a_session_says_whose_it_is(kit: SmallKit) -> None:
    principal = run(kit.sessions.verify(start(kit), request()))
    ada = kit.user_of("ada")
    scopes = kit.roles.scopes_of(ada.roles)
    id = only_session(kit).id
    assert principal == Principal(ada, scopes, "session", id, ("pwd",))


def test_what_is_kept_of_a_session_is_not_enough_to_use_it(kit: SmallKit) -> None:
    cookie = start(kit)
    kept = only_session(kit)
    assert cookie not in repr(kept)
    assert not is_accepted(kit, kept.id)


@pytest.mark.parametrize("cookie", ["", "x", "\xe4", "\0", "a" * 10_000])
def test_what_is_no_session_is_refused(kit: SmallKit, cookie: str) -> None:
    start(kit)
    assert not is_accepted(kit, cookie)


def test_the_cookies_are_for_this_host_over_tls_and_one_of_them_for_scripts(kit: SmallKit) -> None:
    response = Response()
    run(kit.sessions.start(kit.user_of("ada"), request(), response, methods=()))
    cookies = cookies_of(response)
    assert list(cookies) == ["__Host-session", "__Host-csrf"]
    attributes = {name: set(line.split("; ")[1:]) for name, line in cookies.items()}
    both = {"Secure", "SameSite=lax", "Path=/", "Max-Age=1209600"}
    assert attributes["__Host-session"] == both | {"HttpOnly"}
    assert attributes["__Host-csrf"] == both


def test_cookies_for_a_path_or_a_domain_cannot_be_of_the_host() -> None:
    for kit in (with_settings(path="/api"), with_settings(domain="a.example")):
        assert kit.sessions.cookie == "__Secure-session"
    response = Response()
    kit = with_settings(path="/api", domain="a.example", same_site="strict")
    run(kit.sessions.start(kit.user_of("ada"), request(), response, methods=()))
    line = cookies_of(response)["__Secure-session"]
    assert {"Path=/api", "Domain=a.example", "SameSite=strict"} <= set(line.split("; "))


def test_without_tls_cookies_are_plain() -> None:
    kit = with_settings(secure=False)
    response = Response()
    run(kit.sessions.start(kit.user_of("ada"), request(), response, methods=()))
    cookies = cookies_of(response)
    assert list(cookies) == ["session", "csrf"]
    assert "HttpOnly" in cookies["session"]
    assert "Secure" not in cookies["session"]


def test_cookies_that_browsers_refuse_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="same_site"):
        with_settings(secure=False, same_site="none")


def test_an_id_that_the_client_brings_is_not_taken_over(kit: SmallKit) -> None:
    cookie = start(kit, cookie="__Host-session=known-to-the-attacker")
    assert cookie != "known-to-the-attacker"
    assert not is_accepted(kit, "known-to-the-attacker")


def test_the_session_that_the_browser_had_ends_at_sign_in(kit: SmallKit) -> None:
    before = start(kit, "bob")
    after = start(kit, "ada", cookie=f"__Host-session={before}")
    assert not is_accepted(kit, before)
    assert is_accepted(kit, after)


def test_a_session_ends_when_it_is_not_used(kit: SmallKit, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = start(kit)
    begin = now()
    for hours, accepted in ((1.9, True), (3.8, True), (5.7, True), (7.8, False)):
        time = begin + timedelta(hours=hours)
        monkeypatch.setattr("vivace.auth.credentials.sessions.now", lambda time=time: time)
        monkeypatch.setattr("vivace.auth.credentials.last_use.now", lambda time=time: time)
        assert is_accepted(kit, cookie) == accepted


def test_a_session_ends_after_a_time_however_much_it_is_used(kit: SmallKit) -> None:
    cookie = start(kit)
    session = kit.change(only_session(kit), expires_at=now() + timedelta(minutes=1))
    assert is_accepted(kit, cookie)
    assert only_session(kit).expires_at == session.expires_at
    kit.change(only_session(kit), expires_at=now(), seen_at=now())
    assert not is_accepted(kit, cookie)


def test_the_absolute_end_is_that_of_the_settings(kit: SmallKit) -> None:
    start(kit)
    session = only_session(kit)
    left = session.expires_at - now()
    assert timedelta(0) <= SETTINGS.absolute - left < timedelta(minutes=1)


def test_use_is_written_down_once_a_minute(kit: SmallKit) -> None:
    cookie = start(kit)
    first = only_session(kit)
    assert is_accepted(kit, cookie)
    assert only_session(kit) == first
    kit.change(first, seen_at=now() - timedelta(seconds=61))
    assert is_accepted(kit, cookie)
    assert now() - only_session(kit).seen_at < timedelta(seconds=30)


def test_use_is_written_down_more_often_where_sessions_are_short() -> None:
    kit = with_settings(idle=timedelta(seconds=40))
    cookie = start(kit)
    kit.change(only_session(kit), seen_at=now() - timedelta(seconds=11))
    assert is_accepted(kit, cookie)
    assert now() - only_session(kit).seen_at < timedelta(seconds=5)


def test_a_session_that_ends_while_it_is_used_stays_ended(kit: SmallKit) -> None:
    cookie = start(kit)
    seen = kit.change(only_session(kit), seen_at=now() - timedelta(minutes=5))
    run(kit.sessions.end(cookie, Response()))
    assert run(kit.store.replace(seen, seen_at=now())) is None
    assert not is_accepted(kit, cookie)


def test_a_session_of_another_epoch_is_refused(kit: SmallKit) -> None:
    cookie = start(kit)
    kit.change(kit.user_of("ada"), epoch=1)
    assert not is_accepted(kit, cookie)


def test_a_session_of_one_who_is_not_active_is_refused(kit: SmallKit) -> None:
    cookie = start(kit)
    kit.change(kit.user_of("ada"), is_active=False)
    assert not is_accepted(kit, cookie)


def test_a_session_of_one_who_is_gone_is_refused(kit: SmallKit) -> None:
    cookie = start(kit)
    run(kit.store.remove(User, name="ada"))
    assert not is_accepted(kit, cookie)


def test_a_session_may_do_what_its_user_may_at_present(kit: SmallKit) -> None:
    cookie = start(kit)
    kit.change(kit.user_of("ada"), roles=())
    assert run(kit.sessions.verify(cookie, request())).scopes == frozenset()


def test_one_browser_can_be_signed_out_and_forgets_its_cookies(kit: SmallKit) -> None:
    cookie, other = start(kit), start(kit)
    response = Response()
    run(kit.sessions.end(cookie, response))
    assert not is_accepted(kit, cookie)
    assert is_accepted(kit, other)
    for line in cookies_of(response).values():
        assert {"Max-Age=0", "Path=/", "Secure"} <= set(line.split("; "))


def test_all_browsers_of_one_user_can_be_signed_out(kit: SmallKit) -> None:
    own, bobs = [start(kit), start(kit)], start(kit, "bob")
    run(kit.sessions.end_all(kit.user_of("ada")))
    assert [is_accepted(kit, cookie) for cookie in own] == [False, False]
    assert is_accepted(kit, bobs)


def test_a_session_can_be_ended_by_its_user_alone(kit: SmallKit) -> None:
    cookie = start(kit)
    id = only_session(kit).id
    assert not run(kit.sessions.end_one(kit.user_of("bob"), id))
    assert is_accepted(kit, cookie)
    assert run(kit.sessions.end_one(kit.user_of("ada"), id))
    assert not run(kit.sessions.end_one(kit.user_of("ada"), id))
    assert not is_accepted(kit, cookie)


def test_sessions_that_have_ended_are_not_listed_and_are_forgotten(kit: SmallKit) -> None:
    start(kit)
    kit.change(only_session(kit), seen_at=now() - SETTINGS.idle)
    ada = kit.user_of("ada")
    assert run(kit.sessions.of(ada)) == []
    start(kit)
    assert run(kit.store.find(Session)) == run(kit.sessions.of(ada))


def test_what_browsers_call_themselves_is_kept_short_and_printable(kit: SmallKit) -> None:
    start(kit, user_agent="Mozilla\x00\x1b[31m" + "x" * 1000)
    agent = only_session(kit).user_agent
    assert agent.startswith("Mozilla[31mx")
    assert len(agent) <= 200


def make_token(kit: SmallKit) -> str:
    return kit.sessions.make_csrf_token(only_session(kit).id)


def is_forged(kit: SmallKit, cookie: str, asking: HTTPConnection) -> bool:
    try:
        run(kit.sessions.verify(cookie, asking))
    except CsrfFailed:
        return True
    return False


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_may_change_something_needs_the_token(kit: SmallKit, method: str) -> None:
    cookie = start(kit)
    assert is_forged(kit, cookie, request(method))
    assert not is_forged(kit, cookie, request(method, x_csrf_token=make_token(kit)))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_does_not(kit: SmallKit, method: str) -> None:
    asking = request(method, origin="https://elsewhere.example", host="testserver")
    assert not is_forged(kit, start(kit), asking)


def test_a_token_of_another_session_is_refused(kit: SmallKit) -> None:
    start(kit, "bob")
    foreign = make_token(kit)
    assert is_forged(kit, start(kit), request("POST", x_csrf_token=foreign))


def test_a_token_of_the_session_before_is_refused(kit: SmallKit) -> None:
    before = start(kit)
    token = make_token(kit)
    after = start(kit, cookie=f"__Host-session={before}")
    assert is_forged(kit, after, request("POST", x_csrf_token=token))


@pytest.mark.parametrize("token", ["", ".", "x", "\xe4", "A" * 22 + "." + "0" * 64])
def test_a_token_that_is_made_up_is_refused_also_where_the_cookie_has_the_same(
    kit: SmallKit, token: str
) -> None:
    cookie = start(kit)
    asking = request("POST", x_csrf_token=token, cookie=f"__Host-csrf={token}")
    assert is_forged(kit, cookie, asking)


def test_the_right_token_does_not_help_another_site(kit: SmallKit) -> None:
    cookie, token = start(kit), make_token(kit)
    elsewhere = {"origin": "https://elsewhere.example", "host": "testserver"}
    assert is_forged(kit, cookie, request("POST", x_csrf_token=token, **elsewhere))
    own = {"origin": ORIGIN, "host": "testserver", "sec_fetch_site": "same-origin"}
    assert not is_forged(kit, cookie, request("POST", x_csrf_token=token, **own))


def test_a_trusted_origin_needs_the_token_too() -> None:
    kit = with_settings(trusted_origins=("https://app.example",), same_site="none")
    cookie, token = start(kit), make_token(kit)
    trusted = {"origin": "https://app.example", "sec_fetch_site": "same-site"}
    assert is_forged(kit, cookie, request("POST", **trusted))
    assert not is_forged(kit, cookie, request("POST", x_csrf_token=token, **trusted))


def test_a_session_that_is_no_more_is_a_401_rather_than_a_403(kit: SmallKit) -> None:
    cookie = start(kit)
    kit.change(only_session(kit), expires_at=now())
    assert not is_accepted(kit, cookie, request("POST"))


def test_the_use_is_noted_by_the_process_that_is_faster(kit: SmallKit) -> None:
    assert timedelta(minutes=1) == sessions.NOTE_USE_EVERY
    cookie = start(kit)
    kit.change(only_session(kit), seen_at=now() - timedelta(minutes=2))

    async def too_late(*args: object, **changes: object) -> None:
        return None

    kit.store.replace = too_late  # type: ignore[method-assign]  # somebody was faster
    assert is_accepted(kit, cookie)
