"""The second step: what it takes, and what is used up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.auth.mfa_kit import NEW_SECRET, PASSWORD, SECRET, STEP, Clock, MfaKit

from vivace.auth import Challenge, MfaSettings, RecoveryCode, TotpDevice
from vivace.auth.errors import InvalidChallenge, InvalidCode, MfaConflict, TooManyAttempts
from vivace.auth.mfa.second_step import MfaState


@pytest.fixture
def kit(monkeypatch: pytest.MonkeyPatch) -> MfaKit:
    return MfaKit(Clock(monkeypatch))


def at_once(kit: MfaKit, *doing: Coroutine[Any, Any, Any]) -> list[Any]:
    """What each comes to: the result, or the class of the error."""

    async def gather() -> list[Any]:
        return await asyncio.gather(*doing, return_exceptions=True)

    results = kit.run(gather())
    return [type(one) if isinstance(one, BaseException) else one for one in results]


def test_an_app_counts_once_it_is_confirmed(kit: MfaKit) -> None:
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("disabled")
    secret = kit.run(kit.mfa.enrol(kit.ada)).secret
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("unconfirmed")
    assert not kit.run(kit.mfa.is_enabled(kit.ada))
    with pytest.raises(MfaConflict):
        kit.run(kit.mfa.verify(kit.ada, kit.code(secret)))
    codes = kit.run(kit.mfa.confirm(kit.ada, kit.code(secret)))
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("enabled", len(codes))
    assert kit.run(kit.mfa.is_enabled(kit.ada))
    assert not kit.run(kit.mfa.is_enabled(kit.bob))


def test_a_wrong_code_confirms_nothing(kit: MfaKit) -> None:
    secret = kit.run(kit.mfa.enrol(kit.ada)).secret
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.confirm(kit.ada, kit.wrong_code(secret)))
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("unconfirmed")
    assert kit.records(RecoveryCode) == []


def test_there_has_to_be_something_to_confirm_once(kit: MfaKit) -> None:
    with pytest.raises(MfaConflict):
        kit.run(kit.mfa.confirm(kit.ada, "123456"))
    secret, _ = kit.enable()
    with pytest.raises(MfaConflict):
        kit.run(kit.mfa.confirm(kit.ada, kit.code(secret)))
    with pytest.raises(MfaConflict):
        kit.run(kit.mfa.enrol(kit.ada))


def test_of_confirmations_at_once_one_counts(kit: MfaKit) -> None:
    code = kit.code(kit.run(kit.mfa.enrol(kit.ada)).secret)
    kit.store.meet = TotpDevice
    outcomes = at_once(kit, *(kit.mfa.confirm(kit.ada, code) for _ in range(2)))
    (shown,) = (one for one in outcomes if isinstance(one, list))
    assert outcomes.count(MfaConflict) == 1
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("enabled", len(shown))
    assert kit.run(kit.mfa.verify(kit.ada, shown[0])) == "rc"


def test_a_code_of_a_secret_that_was_replaced_confirms_nothing(kit: MfaKit) -> None:
    first = kit.run(kit.mfa.enrol(kit.ada)).secret
    second = kit.run(kit.mfa.enrol(kit.ada)).secret
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.confirm(kit.ada, kit.code(first)))
    kit.run(kit.mfa.confirm(kit.ada, kit.code(second)))


def test_the_confirming_code_is_used_up(kit: MfaKit) -> None:
    secret = kit.run(kit.mfa.enrol(kit.ada)).secret
    code = kit.code(secret)
    kit.run(kit.mfa.confirm(kit.ada, code))
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.verify(kit.ada, code))


def test_a_sign_in_in_two_steps(kit: MfaKit) -> None:
    secret, codes = kit.enable()
    mfa = kit.mfa
    token = kit.run(mfa.challenge(kit.ada, purpose="token", scopes=["reader"]))
    user, challenge, methods = kit.run(mfa.answer(token, kit.code(secret), purpose="token"))
    assert (user.id, challenge.scopes, methods) == (kit.ada.id, ("reader",), ("pwd", "otp"))
    token = kit.run(mfa.challenge(kit.ada, purpose="session", methods=("fed",)))
    user, challenge, methods = kit.run(mfa.answer(token, codes[0], purpose="session"))
    assert (user.id, challenge.purpose, methods) == (kit.ada.id, "session", ("fed", "rc"))


def test_a_replayed_code_is_refused(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    code = kit.code(secret)
    kit.run(kit.mfa.answer(kit.challenge(), code, purpose="token"))
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.answer(kit.challenge(), code, purpose="token"))
    kit.clock.advance(STEP)
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.answer(kit.challenge(), code, purpose="token"))
    kit.run(kit.mfa.answer(kit.challenge(), kit.code(secret), purpose="token"))


def test_after_a_code_those_before_it_are_used_up_too(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    kit.run(kit.mfa.verify(kit.ada, kit.code(secret, steps=1)))
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.verify(kit.ada, kit.code(secret)))


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_neighbouring_steps_count_within_the_drift(kit: MfaKit, steps: int, right: bool) -> None:
    secret, _ = kit.enable()
    kit.clock.advance(4 * STEP)
    code = kit.code(secret, steps=steps)
    outcome = at_once(kit, kit.mfa.answer(kit.challenge(), code, purpose="token"))
    assert (outcome != [InvalidCode]) is right


def test_one_code_at_once_for_two_challenges_counts_once(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    code, tokens = kit.code(secret), [kit.challenge(), kit.challenge()]
    kit.store.meet = TotpDevice
    outcomes = at_once(kit, *(kit.mfa.answer(one, code, purpose="token") for one in tokens))
    assert outcomes.count(InvalidCode) == 1
    assert sum(isinstance(one, tuple) for one in outcomes) == 1


def test_a_code_still_counts_where_something_else_of_the_app_changes_at_once(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    kit.store.meet = TotpDevice
    verifying, renewing = (
        kit.mfa.verify(kit.ada, kit.code(secret)),
        kit.mfa.new_recovery_codes(kit.ada),
    )
    method, codes = at_once(kit, verifying, renewing)
    assert method == "otp"
    assert kit.run(kit.mfa.verify(kit.ada, codes[0])) == "rc"


def test_two_codes_at_once_for_one_challenge_count_once(kit: MfaKit) -> None:
    secret, codes = kit.enable()
    token = kit.challenge()
    answers = (
        kit.mfa.answer(token, code, purpose="token") for code in (kit.code(secret), codes[0])
    )
    outcomes = at_once(kit, *answers)
    assert outcomes.count(InvalidChallenge) == 1
    assert sum(isinstance(one, tuple) for one in outcomes) == 1


def test_the_challenge_of_one_is_not_answered_by_the_code_of_another(kit: MfaKit) -> None:
    secret, codes = kit.enable(kit.ada)
    kit.enable(kit.bob)
    for code in (kit.code(secret), codes[0]):
        with pytest.raises(InvalidCode):
            kit.run(kit.mfa.answer(kit.challenge(kit.bob), code, purpose="token"))
    # And they are still good for their own.
    assert kit.run(kit.mfa.verify(kit.ada, codes[0])) == "rc"
    assert kit.run(kit.mfa.verify(kit.ada, kit.code(secret))) == "otp"


def test_a_challenge_of_another_purpose_uses_nothing_up(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    token, code = kit.challenge(purpose="token"), kit.code(secret)
    with pytest.raises(InvalidChallenge):
        kit.run(kit.mfa.answer(token, code, purpose="session"))
    kit.run(kit.mfa.answer(token, code, purpose="token"))


def test_a_challenge_expires(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    token = kit.challenge()
    kit.clock.advance(MfaSettings().challenge_lifetime)
    with pytest.raises(InvalidChallenge):
        kit.run(kit.mfa.answer(token, kit.code(secret), purpose="token"))


def test_a_challenge_cannot_be_guessed_at_for_long(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    token, wrong = kit.challenge(), kit.wrong_code(secret)
    for _ in range(MfaSettings().max_failures):
        with pytest.raises(InvalidCode):
            kit.run(kit.mfa.answer(token, wrong, purpose="token"))
        kit.clock.advance(timedelta(seconds=2))  # Waiting is not what ends it.
    with pytest.raises(InvalidChallenge):
        kit.run(kit.mfa.answer(token, kit.code(secret), purpose="token"))


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    tokens, wrong = [kit.challenge() for _ in range(10)], kit.wrong_code(secret)
    guesses = [kit.mfa.answer(token, wrong, purpose="token") for token in tokens for _ in range(5)]
    outcomes = at_once(kit, *guesses)
    free = kit.auth.settings.back_off.free_by_account
    assert outcomes.count(InvalidCode) == free
    assert outcomes.count(TooManyAttempts) == len(guesses) - free


def test_the_right_password_does_not_take_back_the_count_of_wrong_codes(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    wrong, free = kit.wrong_code(secret), kit.auth.settings.back_off.free_by_account
    sign_in = kit.auth.accounts.sign_in
    for _ in range(free):
        kit.run(sign_in("ada", PASSWORD, address=None))
        with pytest.raises(InvalidCode):
            kit.run(kit.mfa.answer(kit.challenge(), wrong, purpose="token"))
    kit.run(sign_in("ada", PASSWORD, address=None))
    token = kit.challenge()
    with pytest.raises(TooManyAttempts):
        kit.run(kit.mfa.answer(token, kit.code(secret), purpose="token"))
    # What is refused so does not use up a try, and the wait ends.
    assert all(one.failures <= 1 for one in kit.records(Challenge))
    kit.clock.advance(timedelta(seconds=2))
    kit.run(kit.mfa.answer(token, kit.code(secret), purpose="token"))
    # And the right code is where counting begins anew.
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.answer(kit.challenge(), wrong, purpose="token"))


def test_wrong_codes_of_one_do_not_keep_another_out(kit: MfaKit) -> None:
    secret, _ = kit.enable(kit.ada)
    other, _ = kit.enable(kit.bob)
    for _ in range(kit.auth.settings.back_off.free_by_account + 1):
        at_once(kit, kit.mfa.verify(kit.ada, kit.wrong_code(secret)))
    kit.run(kit.mfa.verify(kit.bob, kit.code(other)))


def test_a_recovery_code_is_good_once(kit: MfaKit) -> None:
    _, codes = kit.enable()
    kit.run(kit.mfa.answer(kit.challenge(), codes[3], purpose="token"))
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.answer(kit.challenge(), codes[3], purpose="token"))
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("enabled", len(codes) - 1)


def test_a_recovery_code_at_once_twice_counts_once(kit: MfaKit) -> None:
    _, codes = kit.enable()
    tokens = [kit.challenge(), kit.challenge()]
    kit.store.meet = RecoveryCode
    outcomes = at_once(kit, *(kit.mfa.answer(one, codes[0], purpose="token") for one in tokens))
    assert outcomes.count(InvalidCode) == 1
    assert sum(isinstance(one, tuple) for one in outcomes) == 1


def test_new_recovery_codes_take_the_place_of_the_old(kit: MfaKit) -> None:
    _, old = kit.enable()
    new = kit.run(kit.mfa.new_recovery_codes(kit.ada))
    assert not set(new) & set(old)
    with pytest.raises(InvalidCode):
        kit.run(kit.mfa.verify(kit.ada, old[0]))
    assert kit.run(kit.mfa.verify(kit.ada, new[0])) == "rc"
    assert len(kit.records(RecoveryCode)) == len(new)


def test_of_new_recovery_codes_at_once_one_batch_counts(kit: MfaKit) -> None:
    kit.enable()
    kit.store.meet = TotpDevice
    batches = at_once(kit, *(kit.mfa.new_recovery_codes(kit.ada) for _ in range(4)))
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("enabled", 10)
    kit.clock.advance(timedelta(hours=1))
    outcomes = at_once(kit, *(kit.mfa.verify(kit.ada, batch[0]) for batch in batches))
    assert outcomes.count("rc") == 1
    assert len(kit.records(RecoveryCode)) == 10


def test_when_it_is_disabled_nothing_is_left(kit: MfaKit) -> None:
    secret, codes = kit.enable()
    token = kit.challenge()
    kit.run(kit.mfa.disable(kit.ada))
    assert kit.run(kit.mfa.state(kit.ada)) == MfaState("disabled")
    for kind in (TotpDevice, RecoveryCode, Challenge):
        assert kit.records(kind) == []
    for code in (kit.code(secret), codes[0]):
        with pytest.raises(InvalidChallenge):
            kit.run(kit.mfa.answer(token, code, purpose="token"))
    with pytest.raises(MfaConflict):
        kit.run(kit.mfa.new_recovery_codes(kit.ada))
    with pytest.raises(MfaConflict):
        kit.run(kit.mfa.disable(kit.ada))


def test_what_was_disabled_does_not_come_back_with_the_next_app(kit: MfaKit) -> None:
    secret, codes = kit.enable()
    kit.run(kit.mfa.disable(kit.ada))
    kit.enable()
    for code in (kit.code(secret), codes[0]):
        with pytest.raises(InvalidCode):
            kit.run(kit.mfa.verify(kit.ada, code))


def test_a_challenge_ends_with_the_password_it_was_made_for(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    token = kit.challenge()
    kit.run(kit.auth.accounts.change_password(kit.ada, PASSWORD, "battery horse correct"))
    with pytest.raises(InvalidChallenge):
        kit.run(kit.mfa.answer(token, kit.code(secret), purpose="token"))


def test_a_challenge_counts_for_nothing_without_a_second_step(kit: MfaKit) -> None:
    kit.run(kit.mfa.enrol(kit.ada))
    with pytest.raises(InvalidChallenge):
        kit.run(kit.mfa.answer(kit.challenge(), "123456", purpose="token"))


def test_an_older_secret_can_be_dropped_once_all_is_renewed(kit: MfaKit) -> None:
    ada, ada_codes = kit.enable()
    _, bob_codes = kit.enable(kit.bob)
    kit.change_secret([NEW_SECRET, SECRET])
    assert kit.run(kit.mfa.renew_secrets()) == 2
    assert kit.run(kit.mfa.renew_secrets()) == 0
    kit.change_secret(NEW_SECRET)
    assert kit.run(kit.mfa.verify(kit.ada, kit.code(ada))) == "otp"
    assert kit.run(kit.mfa.verify(kit.ada, ada_codes[0])) == "rc"
    assert kit.run(kit.mfa.verify(kit.bob, bob_codes[0])) == "rc"


def test_a_code_of_the_app_renews_its_secret(kit: MfaKit) -> None:
    secret, codes = kit.enable()
    kit.change_secret([NEW_SECRET, SECRET])
    assert kit.run(kit.mfa.verify(kit.ada, codes[0])) == "rc"
    assert kit.run(kit.mfa.verify(kit.ada, kit.code(secret))) == "otp"
    kit.change_secret(NEW_SECRET)
    kit.clock.advance(STEP)
    assert kit.run(kit.mfa.verify(kit.ada, kit.code(secret))) == "otp"


def test_without_the_secret_no_code_counts(kit: MfaKit) -> None:
    secret, codes = kit.enable()
    kit.change_secret(NEW_SECRET)
    assert kit.run(kit.mfa.renew_secrets()) == 0
    for code in (kit.code(secret), codes[0]):
        with pytest.raises(InvalidCode):
            kit.run(kit.mfa.verify(kit.ada, code))


def test_what_is_renewed_while_it_changes_is_renewed_as_it_is_then(kit: MfaKit) -> None:
    secret, _ = kit.enable()
    kit.change_secret([NEW_SECRET, SECRET])
    kit.store.meet = TotpDevice
    at_once(kit, kit.mfa.renew_secrets(), kit.mfa.verify(kit.ada, kit.code(secret)))
    kit.change_secret(NEW_SECRET)
    with pytest.raises(InvalidCode):  # It is used up, whoever came first.
        kit.run(kit.mfa.verify(kit.ada, kit.code(secret)))
    kit.clock.advance(STEP)
    assert kit.run(kit.mfa.verify(kit.ada, kit.code(secret))) == "otp"
