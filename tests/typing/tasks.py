"""What type checkers know of tasks: arguments are checked where they are sent."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from vivace import Depends
from vivace.tasks import Handle, Tasks, current_task

tasks = Tasks()


def get_session() -> int:
    return 1


@tasks.task
async def send_mail(to: str, copies: int = 1, session: int = Depends(get_session)) -> bytes:
    return b""


@tasks.every(5)
@tasks.task(retries=3, keep_result=False)
def clean_up(context: Any = Depends(current_task)) -> int:
    return 1


@tasks.task(queue="urgent")
async def urgent(number: int) -> list[str]:
    return []


async def send() -> None:
    assert_type(await send_mail.send("ada", copies=2), Handle[bytes])
    assert_type(await send_mail.send_in(5, to="ada"), Handle[bytes])
    assert_type(await (await send_mail.send("ada")).result(timeout=1), bytes)
    assert_type(await clean_up.send(), Handle[int])
    assert_type(await urgent.send(1), Handle[list[str]])
    called = send_mail("ada")
    _ = assert_type(called, Coroutine[Any, Any, bytes])
    assert_type(await called, bytes)
    assert_type(clean_up(), int)

    await send_mail.send(1)  # type: ignore[arg-type]
    await send_mail.send()  # type: ignore[call-arg]
    await send_mail.send("ada", unknown=1)  # type: ignore[call-arg]
    await urgent.send_in(5, "one")  # type: ignore[arg-type]
    tasks.task(retires=3)  # type: ignore[call-overload]
