"""What is judged harmless runs on the event loop: here many try to get there who should not."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, no-any-return, var-annotated"

from __future__ import annotations

import datetime
import enum
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from types import FunctionType
from typing import Annotated, Any, Literal

import pytest
from starlette.exceptions import HTTPException as StarletteHTTPException

import vivace
from vivace import Body, Depends, Header, HTTPException, Path, Query, Request, status
from vivace.analyse.calls import Analyser
from vivace.analyse.inplace import returned_kind
from vivace.analyse.plan import Calling
from vivace.analyse.value_kinds import Kind


def judged(call: Callable[..., Any], *path_names: str) -> Calling:
    return Analyser().call_plan(call, frozenset(path_names)).calling


def provide() -> str:
    return "x"


def unknown(*args: Any, **kwargs: Any) -> Any:
    time.sleep(0)


SETTINGS: dict[str, Any] = {"page": 10}
NOT_FOUND = HTTPException(404)


class Color(enum.Enum):
    RED = "red"


# Harmless functions.


def nothing():
    pass


def a_constant():
    """With a docstring."""
    return {"Hello": "World", "list": [1, 2.5, None, True, (b"x",)]}


def passes_on(user: Annotated[Any, Depends(provide)], q: str | None = None):
    return {"user": user, "q": q}


def passes_a_request_on(request: Request):
    return request


def arithmetic(skip: int = 0, limit: Annotated[int, Query(le=100)] = 10):
    last = skip + limit
    return {"last": last, "half": last / 2, "rest": -last % 7}


def formats(name: str, age: int, born: datetime.date | None = None):
    return f"{name} is {age}, {born!r}"


def text_of(name: str = Header()):
    if not name.startswith("Bearer "):
        return None
    return name.removeprefix("Bearer ").strip().lower().split(",")


def branches(q: str | None = None, n: int = 0):
    if q is None and n > 3:
        return {"n": n}
    elif q:
        return q if len(q) < 10 else "long"
    return [q, n]


def raises(item_id: int):
    if item_id == 3:
        raise HTTPException(status_code=404, detail="Not found")
    if item_id == 4:
        raise StarletteHTTPException(404, "Not found")
    if item_id == 5:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, detail={"id": item_id})
    if item_id > 5:
        raise ValueError("too large", item_id)
    error = HTTPException(500)
    raise error


def converts(q: str, n: float = 1.0):
    return {
        "a": int(q),
        "b": float(q),
        "c": str(n),
        "d": round(n, 2),
        "e": max(n, 3),
        "f": list(q),
        "g": dict(a=q),  # noqa: C408
        "h": bool(q),
        "i": abs(n),
        "j": set(),
    }


def literals(kind: Literal["a", "b"] = "a", flag: bool = False):
    name = "x" + kind
    return {"name": name, "same": kind == "a" or flag, "in": kind in name, "set": {kind, 1}}


def dates(when: datetime.datetime | None = None, key: uuid.UUID | None = None):
    return {"later": when is not None and when > when, "key": str(key)}


def keeps_an_annotation(n: int):
    m: int = n + 1
    return m


def body_of_one(name: str = Body(), price: Annotated[Decimal, Body()] = Decimal(1)):
    return {"name": name, "price": price, "taxed": price + 1}


def from_a_path(item_id: int, key: Annotated[str, Path()]):
    return {"id": item_id + 1, "key": key.upper()}


@pytest.mark.parametrize(
    "function",
    [
        *(nothing, a_constant, passes_on, passes_a_request_on, arithmetic, formats, text_of),
        *(branches, raises, converts, literals, dates, keeps_an_annotation, body_of_one),
    ],
)
def test_harmless_functions_are_called_in_place(function: Any) -> None:
    assert judged(function) is Calling.INLINE


def test_path_parameters_are_as_plain_as_others() -> None:
    assert judged(from_a_path, "item_id", "key") is Calling.INLINE


# Functions that run code which is not known.


def calls(q: str):
    return unknown(q)


def calls_a_dependency_s_value(get: Annotated[Any, Depends(provide)]):
    return get()


def calls_what_is_in_a_local():
    get = unknown
    return get()


def reads_an_attribute(user: Annotated[Any, Depends(provide)]):
    return user.name


def reads_a_class_attribute():
    return Color.RED


def reads_a_module_s_attribute():
    return vivace.nothing_like_that  # type: ignore[attr-defined]


def reads_an_attribute_of_a_value(key: uuid.UUID):
    return key.hex


def reads_an_item(user: Annotated[Any, Depends(provide)]):
    return user["name"]


def reads_a_global_s_item():
    return SETTINGS["page"]


def sets_an_attribute(user: Annotated[Any, Depends(provide)]):
    user.name = "x"


def sets_an_item(user: Annotated[Any, Depends(provide)]):
    user["name"] = "x"


def deletes(user: Annotated[Any, Depends(provide)]):
    del user.name


def adds_an_unknown(user: Annotated[Any, Depends(provide)], n: int):
    return user + n


def adds_to_an_unknown(user: Annotated[Any, Depends(provide)], n: int):
    return n + user


def multiplies_text(n: int):
    return "x" * n


def raises_to_a_power(n: int):
    return n**n


def shifts(n: int):
    return 1 << n


def fills_in_text(user: Annotated[Any, Depends(provide)]):
    return "%s" % user  # noqa: UP031


def negates(user: Annotated[Any, Depends(provide)]):
    return not user


def inverts(user: Annotated[Any, Depends(provide)]):
    return -user


def compares(user: Annotated[Any, Depends(provide)]):
    return user == "x"


def compares_behind(user: Annotated[Any, Depends(provide)]):
    return user > "x"


def looks_into(user: Annotated[Any, Depends(provide)]):
    return "x" in user


def asks_for_its_truth(user: Annotated[Any, Depends(provide)]):
    if user:
        return 1
    return 2


def asks_for_its_truth_in_an_expression(user: Annotated[Any, Depends(provide)]):
    return 1 if user else 2


def asks_for_its_truth_by_or(user: Annotated[Any, Depends(provide)], q: str):
    return user or q


def formats_an_unknown(user: Annotated[Any, Depends(provide)]):
    return f"{user}"


def shows_an_unknown(user: Annotated[Any, Depends(provide)]):
    return f"{user!r}"


def formats_by_an_unknown(n: int, spec: Annotated[Any, Depends(provide)]):
    return f"{n:{spec}}"


def formats_at_any_width(n: int, width: int):
    return f"{n:{width}}"


def hashes_an_unknown(user: Annotated[Any, Depends(provide)]):
    return {user: 1}


def hashes_an_unknown_in_a_set(user: Annotated[Any, Depends(provide)]):
    return {user}


def unpacks(user: Annotated[Any, Depends(provide)]):
    return [*user]


def unpacks_a_mapping(user: Annotated[Any, Depends(provide)]):
    return {**user}


def takes_apart(user: Annotated[Any, Depends(provide)]):
    a, b = user
    return a, b


def assigns_twice_at_once():
    a = b = 1
    return a + b


def unpacks_into_a_call(user: Annotated[Any, Depends(provide)]):
    raise HTTPException(404, **user)


def unpacks_items_into_a_call(user: Annotated[Any, Depends(provide)]):
    raise HTTPException(404, *user)


def uses_an_unknown_status(code: Annotated[Any, Depends(provide)]):
    raise HTTPException(code)


def raises_an_unknown(error: Annotated[Any, Depends(provide)]):
    raise error


def raises_a_class():
    raise MyError


def raises_a_global():
    raise NOT_FOUND


def raises_a_subclass():
    raise MyHTTPError(404)


def raises_from(error: Annotated[Any, Depends(provide)]):
    raise HTTPException(404) from error


class MyError(Exception):
    def __init__(self) -> None:
        unknown()


class MyHTTPError(HTTPException):
    def __setattr__(self, name: str, value: Any) -> None:
        unknown()


def loops(q: str):
    for letter in q:
        text = letter
    return text


def loops_forever():
    while True:
        pass


def comprehends(user: Annotated[Any, Depends(provide)]):
    return [item for item in user]  # noqa: C416


def generates(user: Annotated[Any, Depends(provide)]):
    return (item for item in user)


def enters(user: Annotated[Any, Depends(provide)]):
    with user:
        return 1


def tries():
    try:
        return 1
    finally:
        unknown()


def asserts(user: Annotated[Any, Depends(provide)]):
    assert user


def imports():
    import this

    return this


def walrus():
    return (n := unknown()) or n


def nests():
    def inner():
        return unknown()

    return inner()


def nests_a_class():
    class Inner:
        unknown()

    return Inner


def has_a_lambda():
    return (lambda: unknown())()


def matches(user: Annotated[Any, Depends(provide)]):
    match user:
        case {"name": name}:
            return name


def prints(q: str):
    print(q)


def opens(q: str):
    return open(q)  # noqa: PTH123


def evaluates(q: str):
    return eval(q)


def gets(user: Annotated[Any, Depends(provide)], q: str):
    return getattr(user, q)


def asks_for_its_type(user: Annotated[Any, Depends(provide)]):
    return isinstance(user, str)


def measures(user: Annotated[Any, Depends(provide)]):
    return len(user)


def converts_an_unknown(user: Annotated[Any, Depends(provide)]):
    return str(user)


def finds_the_largest_by(n: int, key: Annotated[Any, Depends(provide)]):
    return max(n, 2, key=key)


def makes_bytes_of_any_number(n: int):
    return bytes(n)


def makes_an_int_of_a_decimal(n: Decimal):
    return int(n)


def rounds_to_any_digits(n: int, digits: int):
    return round(n, digits)


def decodes(q: bytes, encoding: str):
    return str(q, encoding)


def encodes(q: str, encoding: str):
    return q.encode(encoding)


def fills_in_a_template(q: str):
    return q.format(1)


def aligns(q: str, n: int):
    return q.center(n)


def calls_a_method(user: Annotated[Any, Depends(provide)]):
    return user.strip()


def changes_a_global():
    global SETTINGS
    SETTINGS = {}


def many_named(**kwargs: int):
    return kwargs


def keeps_no_knowledge(q: str, user: Annotated[Any, Depends(provide)]):
    q = user
    return q.strip()


def keeps_no_knowledge_in_branches(q: str, user: Annotated[Any, Depends(provide)]):
    if len(q) > 1:  # noqa: SIM108
        name = user
    else:
        name = q
    return f"{name}"


def shadows(q: str, len: Annotated[Any, Depends(provide)]):
    return len(q)


def shadows_locally(q: str):
    if q == "x":
        str = unknown
    return str(q)


def calls_one_that_is_defined_below(q: str):
    return sorted(q)


def injected(request: Request):
    return request.client


HARMFUL = [
    value
    for name, value in list(globals().items())
    if isinstance(value, FunctionType)
    and value.__module__ == __name__
    and calls.__code__.co_firstlineno
    <= value.__code__.co_firstlineno
    <= injected.__code__.co_firstlineno
]


@pytest.mark.parametrize("function", HARMFUL, ids=lambda function: function.__name__)
def test_anything_else_may_block(function: Any) -> None:
    assert judged(function) is not Calling.INLINE


def test_the_list_of_suspects_is_complete() -> None:
    assert len(HARMFUL) > 80


async def asynchronous(q: str):
    return q


def yields(q: str):
    yield q


def test_other_kinds_of_functions_are_called_their_own_way() -> None:
    assert judged(asynchronous) is Calling.COROUTINE
    assert judged(yields) is Calling.GENERATOR
    assert judged(lambda: 1) is Calling.THREAD


# What they return.


def test_what_is_returned_is_known_where_it_is_built_in() -> None:
    assert returned_kind(a_constant) is Kind.DATA
    assert returned_kind(nothing) is Kind.VALUE
    assert returned_kind(passes_on) is Kind.OPAQUE
    assert returned_kind(passes_a_request_on) is Kind.OPAQUE
    assert returned_kind(calls) is None
