"""Nothing that is stored lets anybody sign in.

All that the database has is tried as all that lets one in; and what does let one in is tried by the
same means, so that it is not by mistake that the rest is refused.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from binascii import crc32
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jwt
import pyotp
import pytest

from vivace.auth.vault import Vault

from .databases import new_database
from .shop import PASSWORD, SESSION, Browser, Client, Shop, bearer, open_shop
from .stolen import loot

#: Of headers: no secret has others.
PRINTABLE = {chr(code) for code in range(0x20, 0x7F)}

#: The tables that have what somebody can sign in with, or rather what is kept of it.
SECRETIVE = [
    "user",
    "token_family",
    "refresh_token",
    "password_reset",
    "challenge",
    "totp_device",
    "recovery_code",
    "api_key",
    "session",
]


@pytest.fixture
def bank(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop where guesses are free, with a database of its own; its tokens are HS256.

    What is kept of a secret is made of it before it comes to a database, whichever that is.
    """
    free = {**environment, "SHOP_KEYS": "", "SHOP_GUESSES_ARE_FREE": "yes"}
    with new_database("sqlite", tmp_path_factory.mktemp("bank")) as own:
        mailbox = tmp_path_factory.mktemp("mailbox")
        with open_shop(own, mailbox, free, processes=1) as opened:
            yield opened


@dataclass(frozen=True)
class Secrets:
    """What the clients of one shop have, one of each kind."""

    #: Without a second step, and with one.
    name: str
    careful_name: str
    password: str
    access_token: str
    refresh_token: str
    session: str
    api_key: str
    reset_token: str
    mfa_token: str
    another_mfa_token: str
    totp_secret: str
    recovery_codes: list[str]


@pytest.fixture
def secrets(bank: Shop) -> Secrets:
    [client] = bank.clients()
    name, careful = bank.register(client, "admin"), bank.register(client)
    tokens, browser = client.sign_in(name), Browser()
    browser.sign_in(client, name)
    headers = bearer(tokens["access_token"])
    key = client.post(
        "/users/me/api-keys", json={"name": "export", "scopes": ["admin"]}, headers=headers
    )
    client.post("/password-reset", json={"name": name})
    careful_headers = bearer(client.sign_in(careful)["access_token"])
    proof = {"password": PASSWORD}
    enrolled = client.post("/users/me/mfa", json=proof, headers=careful_headers)
    secret = enrolled.json()["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    confirmed = client.post("/users/me/mfa/confirm", json=code, headers=careful_headers)
    return Secrets(
        name=name,
        careful_name=careful,
        password=PASSWORD,
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        session=browser.cookies[SESSION],
        api_key=key.json()["key"],
        reset_token=bank.read_mail(name),
        mfa_token=begin(client, careful),
        another_mfa_token=begin(client, careful),
        totp_secret=secret,
        recovery_codes=confirmed.json()["recovery_codes"],
    )


def begin(client: Client, name: str) -> str:
    """The token for the second step."""
    token: str = client.ask_for_token(name).json()["detail"]["mfa_token"]
    return token


@dataclass(frozen=True)
class Thief:
    """Tries a text as a secret of each kind; every attempt says whether it has let them in.

    Attributes:
        known: What is used of it is what a thief may know besides, as if it were not enough to have
            the database: all that a token says, the beginning of a key, and either of two steps.
    """

    client: Client
    known: Secrets

    def attempts(self) -> dict[str, Callable[[str], bool]]:
        return {
            "access token": self.is_access_token,
            "signing key": self.is_signing_key,
            "API key": self.is_api_key,
            "session": self.is_session,
            "refresh token": self.is_refresh_token,
            "reset token": self.is_reset_token,
            "password": self.is_password,
            "first step": self.is_first_step,
            "recovery code": self.is_recovery_code,
            "secret of the authenticator app": self.is_totp_secret,
        }

    def is_access_token(self, text: str) -> bool:
        return self._is_let_in(bearer(text))

    def is_signing_key(self, text: str) -> bool:
        """All that a token says is known to one who has the database, and was given one token."""
        header, claims = (
            jwt.get_unverified_header(self.known.access_token),
            jwt.decode(self.known.access_token, options={"verify_signature": False}),
        )
        body = ".".join(_segment(json.dumps(part).encode()) for part in (header, claims))
        keys = {text.encode(), text.encode("latin-1")} if _is_bytes(text) else {text.encode()}
        return any(
            self.is_access_token(f"{body}.{_segment(hmac.digest(key, body.encode(), 'sha256'))}")
            for key in keys
        )

    def is_api_key(self, text: str) -> bool:
        """The whole, or the secret part, to which the rest is added that everybody knows."""
        head, prefix, _ = self.known.api_key.split("_")
        body = f"{head}_{prefix}_{text}"
        made = f"{body}{crc32(body.encode()):08x}"
        return any(self._is_let_in({"X-API-Key": key}) for key in (text, made))

    def is_session(self, text: str) -> bool:
        return self._is_let_in({"Cookie": f"{SESSION}={text}"})

    def is_refresh_token(self, text: str) -> bool:
        return self.client.refresh(text).status_code == 200

    def is_reset_token(self, text: str) -> bool:
        body = {"token": text, "password": PASSWORD}
        return self.client.post("/password-reset/confirm", json=body).status_code == 204

    def is_password(self, text: str) -> bool:
        return self.client.ask_for_token(self.known.name, text).status_code == 200

    def is_first_step(self, text: str) -> bool:
        """With a code that is right."""
        return self._second_step(text, self.known.recovery_codes[0])

    def is_recovery_code(self, text: str) -> bool:
        return self._second_step(self.known.another_mfa_token, text)

    def is_totp_secret(self, text: str) -> bool:
        """Whether it makes the right codes: one alone could be right by chance."""
        try:
            made = [pyotp.TOTP(text).at(time) for time in (0, 30, 60)]
        except ValueError:
            return False
        right = pyotp.TOTP(self.known.totp_secret)
        return made == [right.at(time) for time in (0, 30, 60)]

    def _second_step(self, mfa_token: str, code: str) -> bool:
        body = {"mfa_token": mfa_token, "code": code}
        return self.client.post("/token/mfa", json=body).status_code == 200

    def _is_let_in(self, headers: dict[str, str]) -> bool:
        if not set("".join(headers.values())) <= PRINTABLE:
            return False
        return self.client.get("/whoami", headers=headers).status_code == 200


def _segment(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _is_bytes(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def test_nothing_that_is_stored_lets_anybody_in(
    bank: Shop, secrets: Secrets, environment: dict[str, str]
) -> None:
    [client] = bank.clients()
    thief = Thief(client, secrets)
    tables = bank.database.dump()
    # There is a row of each kind that could let somebody in.
    assert [name for name in SECRETIVE if not tables[f"auth_{name}"]] == []
    texts = loot(tables)
    assert secrets.name in texts
    found = [
        (kind, text)
        for text in sorted(texts)
        for kind, attempt in thief.attempts().items()
        if attempt(text)
    ]
    assert found == []
    # And by the same means, with what the clients have:
    [signing_key] = Vault(environment["SHOP_SECRET"]).derive("access tokens")
    right = {
        "access token": secrets.access_token,
        "signing key": signing_key.decode("latin-1"),
        "API key": secrets.api_key,
        "session": secrets.session,
        "refresh token": secrets.refresh_token,
        "password": secrets.password,
        "first step": secrets.mfa_token,
        "recovery code": secrets.recovery_codes[1],
        "secret of the authenticator app": secrets.totp_secret,
        # At the end, since it ends what there is.
        "reset token": secrets.reset_token,
    }
    attempts = thief.attempts()
    assert right.keys() == attempts.keys()
    assert [kind for kind, text in right.items() if not attempts[kind](text)] == []
    # And none of it is in what has been tried.
    assert texts.isdisjoint(right.values())
