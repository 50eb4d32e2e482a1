"""Authenticator apps: what they are set up with, and which codes count."""

from __future__ import annotations

import asyncio
import hmac
import logging
from base64 import b32decode, b32encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyotp
import pytest
from tests.unit.auth.mfa_kit import SECRET, STEP, Clock, YieldingStore

from vivace.auth import MfaSettings, TotpDevice, User
from vivace.auth.errors import MfaConflict
from vivace.auth.mfa import totp
from vivace.auth.mfa.qr import make_qr_svg
from vivace.auth.mfa.totp import TotpDevices
from vivace.auth.stores.records import now
from vivace.auth.vault import Vault

ADA = User(name="ada")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def devices_in(store: YieldingStore, secret: str = SECRET, **settings: Any) -> TotpDevices:
    return TotpDevices(store, Vault(secret), MfaSettings(**settings))


def device_with(key: str, **changes: Any) -> TotpDevice:
    """A device of ada's with this secret."""
    encrypted = Vault(SECRET).encrypt(key, f"totp secret of {ADA.id}")
    return TotpDevice(user_id=ADA.id, secret=encrypted, **changes)


def scenario(test: Callable[[YieldingStore, TotpDevices], Any], **settings: Any) -> None:
    async def run() -> None:
        store = YieldingStore()
        await test(store, devices_in(store, **settings))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
     (2000000000, "279037"), (20000000000, "353130")],
)  # fmt: skip
def test_codes_are_those_of_the_standard(
    monkeypatch: pytest.MonkeyPatch, seconds: int, code: str
) -> None:
    # RFC 6238, appendix B, for SHA-1; the last six of eight digits.
    monkeypatch.setattr(totp, "now", lambda: datetime.fromtimestamp(seconds, UTC))
    device = device_with(b32encode(b"12345678901234567890").decode())
    assert devices_in(YieldingStore()).find_step(device, code) == seconds // 30


def test_an_app_is_set_up_by_secret_uri_or_qr_code(clock: Clock) -> None:
    async def test(store: YieldingStore, devices: TotpDevices) -> None:
        made = await devices.enrol(ADA)
        assert len(b32decode(made.secret)) == 20
        app = pyotp.parse_uri(made.uri)
        assert isinstance(app, pyotp.TOTP)
        assert (app.secret, app.issuer, app.name) == (made.secret, "The library", "ada")
        assert (app.digits, app.interval, app.digest().name) == (6, 30, "sha1")
        assert made.svg == make_qr_svg(made.uri)
        assert made.secret not in repr(made)
        device = await devices.of(ADA)
        assert device is not None
        assert devices.find_step(device, app.at(clock.time)) is not None

    scenario(test, issuer="The library")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a" * 120, "a" * 120),
        ("a" * 254, "a" * 111 + "…"),
        ("\U0001f600" * 254, "\U0001f600" * 9 + "…"),
        ("a:b/c?d&e=f", "a:b/c?d&e=f"),
        ('a"<b>', 'a"<b>'),
    ],
)
def test_any_name_can_be_set_up(clock: Clock, name: str, shown: str) -> None:
    async def test(store: YieldingStore, devices: TotpDevices) -> None:
        made = await devices.enrol(User(name=name))
        assert pyotp.parse_uri(made.uri).name == shown

    scenario(test)


def test_an_enrolment_that_was_not_confirmed_is_replaced(clock: Clock) -> None:
    async def test(store: YieldingStore, devices: TotpDevices) -> None:
        first, second = await devices.enrol(ADA), await devices.enrol(ADA)
        assert first.secret != second.secret
        (device,) = await store.find(TotpDevice, user_id=ADA.id)
        assert devices.find_step(device, pyotp.TOTP(first.secret).at(clock.time)) is None
        assert devices.find_step(device, pyotp.TOTP(second.secret).at(clock.time)) is not None

    scenario(test)


def test_of_enrolments_at_once_one_remains(clock: Clock) -> None:
    async def test(store: YieldingStore, devices: TotpDevices) -> None:
        made = await asyncio.gather(*(devices.enrol(ADA) for _ in range(5)))
        (device,) = await store.find(TotpDevice, user_id=ADA.id)
        codes = [pyotp.TOTP(one.secret).at(clock.time) for one in made]
        assert sum(devices.find_step(device, code) is not None for code in codes) == 1

    scenario(test)


def test_one_that_was_confirmed_is_not_replaced(clock: Clock) -> None:
    async def test(store: YieldingStore, devices: TotpDevices) -> None:
        await devices.enrol(ADA)
        device = await devices.of(ADA)
        assert device is not None
        await store.replace(device, confirmed_at=now())
        with pytest.raises(MfaConflict):
            await devices.enrol(ADA)

    scenario(test)


@pytest.mark.parametrize(
    ("drift", "steps", "counts"),
    [(1, -2, False), (1, -1, True), (1, 0, True), (1, 1, True), (1, 2, False), (0, -1, False),
     (0, 0, True), (0, 1, False), (2, -2, True), (2, 3, False)],
)  # fmt: skip
def test_codes_within_the_drift_count(clock: Clock, drift: int, steps: int, counts: bool) -> None:
    key = pyotp.random_base32()
    app = pyotp.TOTP(key)
    devices = devices_in(YieldingStore(), drift=drift)
    step = app.timecode(clock.time) + steps
    found = devices.find_step(device_with(key), app.generate_otp(step))
    assert found == (step if counts else None)


def test_a_step_counts_up_to_its_last_moment(clock: Clock) -> None:
    key = pyotp.random_base32()
    device, devices = device_with(key), devices_in(YieldingStore(), drift=0)
    code = pyotp.TOTP(key).at(clock.time)
    clock.advance(STEP * 0.999)
    assert devices.find_step(device, code) is not None
    clock.advance(STEP * 0.001)
    assert devices.find_step(device, code) is None


def test_steps_up_to_the_last_one_are_used_up(clock: Clock) -> None:
    key = pyotp.random_base32()
    app, devices = pyotp.TOTP(key), devices_in(YieldingStore())
    current = app.timecode(clock.time)
    device = device_with(key, last_step=current)
    assert devices.find_step(device, app.generate_otp(current - 1)) is None
    assert devices.find_step(device, app.generate_otp(current)) is None
    assert devices.find_step(device, app.generate_otp(current + 1)) == current + 1


def test_a_code_of_two_steps_uses_up_both(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyotp.TOTP, "generate_otp", lambda self, step: "000000")
    key = pyotp.random_base32()
    current = pyotp.TOTP(key).timecode(clock.time)
    assert devices_in(YieldingStore()).find_step(device_with(key), "000000") == current + 1


@pytest.mark.parametrize("typed", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}"])
def test_spaces_in_a_code_are_of_no_account(clock: Clock, typed: str) -> None:
    key = pyotp.random_base32()
    code = typed.format(pyotp.TOTP(key).at(clock.time))
    assert devices_in(YieldingStore()).find_step(device_with(key), code) is not None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800", "-12345"])
def test_what_is_no_code_does_not_count(clock: Clock, code: str) -> None:
    assert devices_in(YieldingStore()).find_step(device_with(pyotp.random_base32()), code) is None


def test_digits_of_other_scripts_do_not_count(clock: Clock) -> None:
    key = pyotp.random_base32()
    code = pyotp.TOTP(key).at(clock.time)
    arabic = "".join(chr(0x0660 + int(digit)) for digit in code)
    assert devices_in(YieldingStore()).find_step(device_with(key), arabic) is None


def test_every_step_is_compared_in_constant_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def compare(first: str, second: str) -> bool:
        compared.append(first)
        return first == second

    monkeypatch.setattr(hmac, "compare_digest", compare)
    key = pyotp.random_base32()
    app, devices = pyotp.TOTP(key), devices_in(YieldingStore())
    current = app.timecode(clock.time)
    for code in (app.generate_otp(current - 1), "000000"):
        compared.clear()
        devices.find_step(device_with(key), code)
        assert compared == [app.generate_otp(current + steps) for steps in (-1, 0, 1)]


def test_the_secret_is_encrypted_for_its_user_alone(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(store: YieldingStore, devices: TotpDevices) -> None:
        made = await devices.enrol(ADA)
        device = await devices.of(ADA)
        assert device is not None
        assert made.secret not in repr(device)
        code = pyotp.TOTP(made.secret).at(clock.time)
        moved = TotpDevice(user_id=User(name="bob").id, secret=device.secret)
        with caplog.at_level(logging.ERROR, "vivace.auth"):
            assert devices.find_step(moved, code) is None
            stranger = devices_in(store, "another secret, which the thief has made up")
            assert stranger.find_step(device, code) is None
        assert "cannot be read" in caplog.text
        assert made.secret not in caplog.text and code not in caplog.text

    scenario(test)
