"""The second step over HTTP: setting it up, and signing in with it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from json import dumps
from typing import Any

import httpx2
import pytest
from tests.unit.auth.mfa_kit import ORIGIN, PASSWORD, STEP, Clock, MfaKit

from vivace.auth import Attempts, Challenge, MfaSettings, User
from vivace.testclient import AsyncTestClient, TestClient

NEW_PASSWORD = "battery horse correct"


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch) -> MfaKit:
    return MfaKit(Clock(monkeypatch))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_of(kit: MfaKit, user: User | None = None, *, scopes: tuple[str, ...] = ()) -> str:
    """An access token, however the user would have had to sign in for it."""
    user = user or kit.ada
    return kit.run(kit.auth.tokens.start(user, scopes=scopes, methods=("pwd",))).access_token


@pytest.fixture
def client(kit: MfaKit) -> TestClient:
    """One who is signed in as ada, by a token."""
    return kit.client(headers=bearer(token_of(kit)))


def first_step(client: TestClient, path: str = "/token", **form: str) -> str:
    """The token for the second step."""
    if path == "/token":
        form = {"username": "ada", "password": PASSWORD, **form}
        response = client.post(path, data=form)
    else:
        response = client.post(path, json={"name": "ada", "password": PASSWORD})
    assert response.status_code == 403
    assert response.headers["Cache-Control"] == "no-store"
    detail = response.json()["detail"]
    assert detail["error"] == "mfa_required"
    mfa_token: str = detail["mfa_token"]
    return mfa_token


def answer(client: TestClient, path: str, mfa_token: str, code: str) -> httpx2.Response:
    return client.post(path, json={"mfa_token": mfa_token, "code": code})


def refusal(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["detail"]["error"]


#: What enrolling takes.
PROOF = {"password": PASSWORD}
INVALID_CODE = (403, "invalid_code")
INVALID_CHALLENGE = (401, "invalid_mfa_token")


def test_from_enrolment_to_the_first_sign_in_with_a_code(kit: MfaKit, client: TestClient) -> None:
    assert client.get("/users/me/mfa").json() == {"state": "disabled", "recovery_codes_left": 0}
    enrolled = client.post("/users/me/mfa", json=PROOF).json()
    assert set(enrolled) == {"secret", "uri", "svg"}
    assert client.get("/users/me/mfa").json()["state"] == "unconfirmed"
    # Until it is confirmed, the password is enough.
    form = {"username": "ada", "password": PASSWORD}
    assert kit.client().post("/token", data=form).status_code == 200
    secret = enrolled["secret"]
    confirmed = client.post("/users/me/mfa/confirm", json={"code": kit.code(secret)})
    assert len(confirmed.json()["recovery_codes"]) == 10
    assert client.get("/users/me/mfa").json() == {"state": "enabled", "recovery_codes_left": 10}
    kit.clock.advance(STEP)
    mfa_token = first_step(kit.client())
    signed_in = answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret))
    assert signed_in.status_code == 200
    assert signed_in.headers["Cache-Control"] == "no-store"
    assert signed_in.json()["token_type"] == "bearer"
    token = signed_in.json()["access_token"]
    principal = kit.run(kit.auth.tokens.verify(token))
    assert (principal.user.id, principal.methods) == (kit.ada.id, ("pwd", "otp"))
    assert kit.client(headers=bearer(token)).get("/users/me").json()["name"] == "ada"


def test_enrolling_takes_the_password(kit: MfaKit, client: TestClient) -> None:
    for body in ({}, {"password": "wrong"}):
        refused = client.post("/users/me/mfa", json=body)
        assert (refused.status_code, refused.json()["detail"]) == (403, "The password is wrong")
    assert client.get("/users/me/mfa").json()["state"] == "disabled"


def test_answers_are_not_to_be_stored(kit: MfaKit, client: TestClient) -> None:
    enrolled = client.post("/users/me/mfa", json=PROOF)
    code = kit.code(enrolled.json()["secret"])
    confirmed = client.post("/users/me/mfa/confirm", json={"code": code})
    kit.clock.advance(STEP)
    body = {"password": PASSWORD, "code": kit.code(enrolled.json()["secret"])}
    renewed = client.post("/users/me/mfa/recovery-codes", json=body)
    for response in (enrolled, confirmed, renewed, client.get("/users/me/mfa")):
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"


def test_the_scopes_that_were_asked_for_are_those_that_are_given(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    mfa_token = first_step(kit.client(), scope="reader")
    response = answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret))
    assert response.json()["scope"] == "reader"


def test_a_scope_that_was_lost_between_the_steps_is_not_given(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    mfa_token = first_step(kit.client(), scope="editor")
    kit.run(kit.auth.accounts.set_roles(kit.ada, ["reader"]))
    response = answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret))
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_scope"


def test_a_session_starts_with_the_second_step(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    browser = kit.client()
    mfa_token = first_step(browser, "/session")
    assert not browser.cookies
    response = answer(browser, "/session/mfa", mfa_token, kit.code(secret))
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json()["methods"] == ["pwd", "otp"]
    assert browser.get("/session").json()["name"] == "ada"
    assert browser.get("/users/me/mfa").json()["state"] == "enabled"


def test_a_session_does_not_start_from_another_site(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    browser = kit.client()
    mfa_token = first_step(browser, "/session")
    body, origin = {"mfa_token": mfa_token, "code": kit.code(secret)}, "https://other.example"
    response = browser.post("/session/mfa", json=body, headers={"Origin": origin})
    assert response.status_code == 403
    assert not browser.cookies
    # The code has not been used up by it.
    response = browser.post("/session/mfa", json=body, headers={"Origin": ORIGIN})
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("first", "second"), [("/token", "/session/mfa"), ("/session", "/token/mfa")]
)
def test_a_challenge_is_for_what_it_was_asked_for(kit: MfaKit, first: str, second: str) -> None:
    secret, _ = kit.enable()
    client, code = kit.client(), kit.code(secret)
    mfa_token = first_step(client, first)
    assert refusal(answer(client, second, mfa_token, code)) == INVALID_CHALLENGE
    assert not client.cookies
    assert answer(client, f"{first}/mfa", mfa_token, code).status_code in (200, 201)


@pytest.mark.parametrize("path", ["/token", "/session"])
def test_a_replayed_code_and_a_replayed_challenge_are_refused(kit: MfaKit, path: str) -> None:
    secret, _ = kit.enable()
    client, code = kit.client(), kit.code(secret)
    mfa_token, other = first_step(client, path), first_step(client, path)
    assert answer(client, f"{path}/mfa", mfa_token, code).is_success
    assert refusal(answer(client, f"{path}/mfa", other, code)) == INVALID_CODE
    kit.clock.advance(STEP)
    replayed = answer(client, f"{path}/mfa", mfa_token, kit.code(secret))
    assert refusal(replayed) == INVALID_CHALLENGE
    assert replayed.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_an_expired_challenge_is_refused(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    mfa_token = first_step(kit.client())
    kit.clock.advance(MfaSettings().challenge_lifetime)
    response = answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret))
    assert refusal(response) == INVALID_CHALLENGE


def test_guessing_ends_the_challenge_and_then_has_to_wait(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    client, wrong = kit.client(), kit.wrong_code(secret)
    mfa_token = first_step(client)
    for _ in range(5):
        assert refusal(answer(client, "/token/mfa", mfa_token, wrong)) == INVALID_CODE
    right = kit.code(secret)
    assert refusal(answer(client, "/token/mfa", mfa_token, right)) == INVALID_CHALLENGE
    waiting = answer(client, "/token/mfa", first_step(client), right)
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) >= 1


def test_the_challenge_of_one_is_not_answered_by_the_code_of_another(kit: MfaKit) -> None:
    kit.enable(kit.ada)
    secret, codes = kit.enable(kit.bob)
    mfa_token = first_step(kit.client())
    for code in (kit.code(secret), codes[0]):
        assert refusal(answer(kit.client(), "/token/mfa", mfa_token, code)) == INVALID_CODE


def test_a_recovery_code_signs_in_once(kit: MfaKit) -> None:
    _, codes = kit.enable()
    client = kit.client()
    response = answer(client, "/token/mfa", first_step(client), codes[0].upper())
    principal = kit.run(kit.auth.tokens.verify(response.json()["access_token"]))
    assert principal.methods == ("pwd", "rc")
    assert refusal(answer(client, "/token/mfa", first_step(client), codes[0])) == INVALID_CODE
    client = kit.client(headers=bearer(token_of(kit)))
    assert client.get("/users/me/mfa").json()["recovery_codes_left"] == 9


def test_a_recovery_code_at_once_twice_signs_in_once(kit: MfaKit) -> None:
    _, codes = kit.enable()
    tokens = [kit.challenge() for _ in range(4)]

    async def sign_in() -> list[int]:
        async with AsyncTestClient(kit.app, base_url=ORIGIN) as client:
            bodies = [{"mfa_token": token, "code": codes[0]} for token in tokens]
            requests = (client.post("/token/mfa", json=body) for body in bodies)
            return [response.status_code for response in await asyncio.gather(*requests)]

    assert sorted(asyncio.run(sign_in())) == [200, 403, 403, 403]


def test_a_challenge_does_not_outlive_the_password(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    mfa_token = first_step(kit.client())
    kit.run(kit.auth.accounts.change_password(kit.ada, PASSWORD, NEW_PASSWORD))
    response = answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret))
    assert refusal(response) == INVALID_CHALLENGE


def test_a_user_who_was_deactivated_does_not_get_past_the_second_step(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    mfa_token = first_step(kit.client())
    kit.run(kit.auth.accounts.deactivate(kit.ada))
    response = answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret))
    assert refusal(response) == INVALID_CHALLENGE


def test_disabling_takes_password_and_code(kit: MfaKit, client: TestClient) -> None:
    secret, _ = kit.enable()
    path, code = "/users/me/mfa/disable", kit.code(secret)
    wrong_password = client.post(path, json={"password": "wrong", "code": code})
    assert (wrong_password.status_code, wrong_password.json()["detail"]) == (
        403,
        "The password is wrong",
    )
    assert client.post(path, json={"code": code}).status_code == 403
    wrong_code = client.post(path, json={"password": PASSWORD, "code": kit.wrong_code(secret)})
    assert refusal(wrong_code) == INVALID_CODE
    assert client.get("/users/me/mfa").json()["state"] == "enabled"
    # A wrong password has not used up the code.
    assert client.post(path, json={"password": PASSWORD, "code": code}).status_code == 204
    assert client.get("/users/me/mfa").json()["state"] == "disabled"
    form = {"username": "ada", "password": PASSWORD}
    assert kit.client().post("/token", data=form).status_code == 200


def test_a_used_code_does_not_disable(kit: MfaKit, client: TestClient) -> None:
    secret, _ = kit.enable()
    code = kit.code(secret)
    assert answer(kit.client(), "/token/mfa", first_step(kit.client()), code).is_success
    response = client.post("/users/me/mfa/disable", json={"password": PASSWORD, "code": code})
    assert refusal(response) == INVALID_CODE


def test_whoever_has_lost_the_app_disables_it_with_a_recovery_code(
    kit: MfaKit, client: TestClient
) -> None:
    _, codes = kit.enable()
    body = {"password": PASSWORD, "code": codes[0]}
    assert client.post("/users/me/mfa/disable", json=body).status_code == 204


def test_guessing_a_code_to_disable_it_has_to_wait(kit: MfaKit, client: TestClient) -> None:
    secret, _ = kit.enable()
    body = {"password": PASSWORD, "code": kit.wrong_code(secret)}
    outcomes = [client.post("/users/me/mfa/disable", json=body).status_code for _ in range(7)]
    assert outcomes == [403] * 5 + [429] * 2
    # It is the same count as at sign-in.
    mfa_token = first_step(kit.client())
    assert answer(kit.client(), "/token/mfa", mfa_token, kit.code(secret)).status_code == 429


def test_new_recovery_codes_take_password_and_code(kit: MfaKit, client: TestClient) -> None:
    secret, old = kit.enable()
    path, code = "/users/me/mfa/recovery-codes", kit.code(secret)
    assert client.post(path, json={"password": "wrong", "code": code}).status_code == 403
    new = client.post(path, json={"password": PASSWORD, "code": code}).json()["recovery_codes"]
    assert len(new) == 10
    mfa_token = first_step(kit.client())
    assert refusal(answer(kit.client(), "/token/mfa", mfa_token, old[0])) == INVALID_CODE
    assert answer(kit.client(), "/token/mfa", mfa_token, new[0]).is_success


def test_one_who_has_no_password_gives_none(kit: MfaKit) -> None:
    user = kit.run(kit.store.replace(kit.bob, password_hash=None))
    assert user is not None
    client = kit.client(headers=bearer(token_of(kit, user)))
    assert client.post("/users/me/mfa", json={}).status_code == 200
    secret, _ = kit.enable(user)
    wrong = client.post("/users/me/mfa/disable", json={"code": kit.wrong_code(secret)})
    assert refusal(wrong) == INVALID_CODE
    right = client.post("/users/me/mfa/disable", json={"code": kit.code(secret)})
    assert right.status_code == 204


def test_what_does_not_fit_the_state_is_a_conflict(kit: MfaKit, client: TestClient) -> None:
    body = {"password": PASSWORD, "code": "123456"}
    for path in ("confirm", "recovery-codes", "disable"):
        assert client.post(f"/users/me/mfa/{path}", json=body).status_code == 409
    secret, _ = kit.enable()
    assert client.post("/users/me/mfa", json=PROOF).status_code == 409
    body = {"code": kit.code(secret)}
    assert client.post("/users/me/mfa/confirm", json=body).status_code == 409


ROUTES = [
    ("GET", "/users/me/mfa"),
    ("POST", "/users/me/mfa"),
    ("POST", "/users/me/mfa/confirm"),
    ("POST", "/users/me/mfa/recovery-codes"),
    ("POST", "/users/me/mfa/disable"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_api_keys_may_not_touch_it(kit: MfaKit, method: str, path: str) -> None:
    secret, _ = kit.enable()
    granted = frozenset({"editor", "reader"})
    made = kit.auth.api_keys.make(kit.ada, name="a key", scopes=granted, granted=granted)
    key, _ = kit.run(made)
    body = {"password": PASSWORD, "code": kit.code(secret)}
    response = kit.client().request(method, path, headers={"x-api-key": key}, json=body)
    assert response.status_code == 403
    assert kit.run(kit.mfa.state(kit.ada)).recovery_codes_left == 10


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_it_takes_being_signed_in(kit: MfaKit, method: str, path: str) -> None:
    response = kit.client().request(method, path, json={"password": PASSWORD, "code": "123456"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_needs_its_csrf_token_to_change_it(kit: MfaKit) -> None:
    browser = kit.client()
    signed_in = browser.post("/session", json={"name": "ada", "password": PASSWORD})
    assert browser.post("/users/me/mfa", json=PROOF).status_code == 403
    csrf = {"x-csrf-token": signed_in.json()["csrf_token"]}
    assert browser.post("/users/me/mfa", headers=csrf, json=PROOF).status_code == 200


JSON = {"Content-Type": "application/json"}
STRANGE: list[Any] = [None, 1, [], {}, "\0", "\ud800", "x" * 10_000, "\uff11" * 6, " ", "-"]


@pytest.mark.parametrize("strange", STRANGE, ids=map(ascii, range(len(STRANGE))))
def test_no_input_is_an_error_of_the_server(kit: MfaKit, client: TestClient, strange: Any) -> None:
    secret, _ = kit.enable()
    body = {"mfa_token": kit.challenge(), "code": kit.code(secret), "password": PASSWORD}
    for path in ("/token/mfa", "/session/mfa", *(path for _, path in ROUTES)):
        for field in body:
            # In ASCII, as some of it is no text that UTF-8 has.
            content = dumps({**body, field: strange})
            response = client.post(path, content=content, headers=JSON)
            assert response.status_code < 500
            assert PASSWORD not in response.text


def test_no_secret_is_logged(
    kit: MfaKit, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    secret = client.post("/users/me/mfa", json=PROOF).json()["secret"]
    body = {"code": kit.code(secret)}
    codes = client.post("/users/me/mfa/confirm", json=body).json()["recovery_codes"]
    mfa_token = first_step(kit.client())
    answer(kit.client(), "/token/mfa", mfa_token, kit.wrong_code(secret))
    answer(kit.client(), "/token/mfa", mfa_token, codes[0])
    secrets = (secret, body["code"], *codes, mfa_token, PASSWORD)
    assert not any(one in caplog.text for one in secrets)


def test_the_store_has_no_challenge_that_can_be_sent(kit: MfaKit) -> None:
    kit.enable()
    mfa_token = first_step(kit.client())
    assert mfa_token not in repr(kit.records(Challenge))


@pytest.mark.parametrize("path", ["/token", "/session"])
def test_what_has_expired_is_removed_after_the_second_step(kit: MfaKit, path: str) -> None:
    secret, _ = kit.enable()
    kit.run(kit.store.add(Attempts(id="old", expires_at=kit.clock.time - timedelta(days=1))))
    client = kit.client()
    mfa_token = first_step(client, path)
    assert kit.run(kit.store.get(Attempts, "old")) is not None
    assert answer(client, f"{path}/mfa", mfa_token, kit.code(secret)).is_success
    assert kit.run(kit.store.get(Attempts, "old")) is None


def test_the_document_has_the_routes_and_their_refusals(kit: MfaKit) -> None:
    paths = kit.app.openapi()["paths"]
    for path in ("", "/confirm", "/recovery-codes", "/disable"):
        operation = paths[f"/users/me/mfa{path}"]["post"]
        assert {"401", "403", "409", "429"} <= set(operation["responses"])
        assert operation["description"]
    for path in ("/token/mfa", "/session/mfa"):
        operation = paths[path]["post"]
        assert {"401", "403", "429"} <= set(operation["responses"])
        assert "security" not in operation
    assert "400" in paths["/token/mfa"]["post"]["responses"]
    assert {"401", "403"} <= set(paths["/users/me/mfa"]["get"]["responses"])
    # Tokens and sessions, and no API keys.
    schemes = [set(one) for one in paths["/users/me/mfa"]["get"]["security"]]
    assert schemes == [{"OAuth2PasswordBearer"}, {"Session"}]
