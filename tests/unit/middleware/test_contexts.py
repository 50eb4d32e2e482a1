"""What one task changes of context variables, the other one takes over."""

from __future__ import annotations

from contextvars import ContextVar, copy_context

from vivace.middleware.contexts import Turn

A: ContextVar[str] = ContextVar("a")
B: ContextVar[str] = ContextVar("b", default="none")


def test_what_was_changed_in_a_turn_is_taken_over_and_nothing_else() -> None:
    turn = Turn()

    def work() -> None:
        B.set("before")
        turn.begin()
        A.set("changed")
        turn.give()
        A.set("later")

    def check() -> None:
        copy_context().run(work)
        turn.take()
        assert (A.get(), B.get()) == ("changed", "none")

    copy_context().run(check)


def change_and_give(turn: Turn) -> None:
    A.set("theirs")
    turn.give()


def test_what_was_changed_on_this_side_meanwhile_stays() -> None:
    def check() -> None:
        A.set("first")
        turn = Turn()
        turn.begin()
        copy_context().run(change_and_give, turn)
        A.set("ours")
        turn.take()
        assert A.get() == "ours"

    copy_context().run(check)


def test_a_value_that_was_brought_can_be_taken_away_again() -> None:
    def check() -> None:
        theirs, first, second = copy_context(), Turn(), Turn()
        theirs.run(first.begin)
        token = theirs.run(A.set, "brought")
        theirs.run(first.give)
        first.take()
        assert A.get() == "brought"
        theirs.run(second.begin)
        theirs.run(A.reset, token)
        theirs.run(second.give)
        second.take()
        second.take_back(first)
        assert A.get(None) is None

    copy_context().run(check)


def test_a_value_that_others_have_put_there_is_not_taken_away() -> None:
    def check() -> None:
        theirs, first, second = copy_context(), Turn(), Turn()
        theirs.run(first.begin)
        token = theirs.run(A.set, "brought")
        theirs.run(first.give)
        first.take()
        theirs.run(second.begin)
        theirs.run(A.reset, token)
        theirs.run(second.give)
        A.set("ours")
        second.take_back(first)
        assert A.get() == "ours"

    copy_context().run(check)
