"""Which functions and classes are looked at, and whether they are what they seem."""

from __future__ import annotations

import dataclasses
import functools
import linecache
import time
from abc import ABC
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Generic, NamedTuple, TypeVar

import pytest
from pydantic import BaseModel, Field
from starlette import status as starlette_status
from tests.unit.analyse.modules import function_of

from vivace import Depends, HTTPException, status
from vivace.analyse.calls import Analyser
from vivace.analyse.inplace import cannot_block
from vivace.analyse.plan import Calling

T = TypeVar("T")


def judged(call: Callable[..., Any]) -> Calling:
    return Analyser().call_plan(call, frozenset()).calling


def provide() -> str:
    return "x"


def unknown(*args: Any, **kwargs: Any) -> Any:
    time.sleep(0)


# Functions that are not what they seem.


def undecorated(q: str) -> Any:
    return {"q": q}


def slow(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        unknown()
        return function(*args, **kwargs)

    return wrapper


def disguise(function: Any) -> Any:
    def disguised(q: str) -> Any:
        return unknown(q)

    disguised.__name__ = disguised.__qualname__ = function.__name__
    return disguised


class Callee:
    def __call__(self, q: str) -> Any:
        return {"q": q}

    def method(self, q: str) -> Any:
        return {"q": q}

    @staticmethod
    def static(q: str) -> Any:
        return {"q": q}

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name)


def test_what_wraps_a_harmless_function_is_judged_by_itself() -> None:
    assert judged(undecorated) is Calling.INLINE
    assert judged(slow(undecorated)) is Calling.THREAD
    assert judged(disguise(undecorated)) is Calling.THREAD
    assert judged(functools.partial(undecorated, q="x")) is Calling.THREAD
    assert judged(Callee()) is Calling.THREAD
    assert judged(Callee().method) is Calling.THREAD
    assert judged(Callee.static) is Calling.INLINE


def test_functions_without_source_may_block() -> None:
    namespace: dict[str, Any] = {}
    exec("def f(): return 1", namespace)
    assert judged(namespace["f"]) is Calling.THREAD
    assert not cannot_block(len)
    assert not cannot_block(time.sleep)


def test_a_closure_s_variable_is_no_builtin() -> None:
    len = __builtins__["len"] if isinstance(__builtins__, dict) else __builtins__.len

    def measures(q: str) -> Any:
        return len(q)

    assert judged(measures) is Calling.THREAD
    len = unknown


LENGTH = "def f(q: str):\n    return len(q)\n"


def test_a_builtin_is_trusted_where_the_module_never_binds_its_name() -> None:
    assert judged(function_of(LENGTH)) is Calling.INLINE


@pytest.mark.parametrize(
    "text",
    [
        "def len(x): pass",
        "async def len(x): pass",
        "class len: pass",
        "from math import floor as len",
        "import math as len",
        "len = print",
        "len: object = print",
        "a, *len = 1, 2",
        "if True:\n    len = print",
        "for len in (): pass",
        "with open(__file__) as len: pass",
        "try: pass\nexcept OSError as len: pass",
        "(len := 1)",
        "def g(a=(len := 1)): pass",
        "class A((len := object)): pass",
        "def g():\n    global len\n    len = print",
        "def g():\n    global a, \\\n      len\n    len = print",
        "match 1:\n    case len: pass",
        "from math import *",
        "def g():\n    del len",
    ],
)
def test_a_builtin_is_not_trusted_where_the_module_may_bind_its_name_later(text: str) -> None:
    bound = text.replace("open(__file__)", "__import__('contextlib').nullcontext()")
    expected = Calling.INLINE if text.endswith("del len") else Calling.THREAD
    assert judged(function_of(LENGTH + "if False:\n    pass\n" + "f_ = f\n" + bound)) is expected


def test_a_global_is_trusted_where_the_module_binds_it_once() -> None:
    raising = "def f():\n    raise HTTPException(404)\n"
    imported = "from vivace import HTTPException\n"
    assert judged(function_of(imported + raising)) is Calling.INLINE
    assert judged(function_of(raising)) is Calling.THREAD
    assert judged(function_of(imported + raising + "if 0: HTTPException = 1\n")) is Calling.THREAD
    assert judged(function_of(imported + raising + "from math import *\n")) is Calling.THREAD


def test_builtins_may_be_others() -> None:
    assert judged(function_of(LENGTH, __builtins__={"len": unknown, "str": str})) is Calling.THREAD


def test_globals_that_are_computed_are_not_trusted() -> None:
    class Namespace(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            return unknown()

    function = function_of("def f():\n    return x\n")
    twin = FunctionType(function.__code__, Namespace(function.__globals__))
    assert judged(twin) is Calling.THREAD


def test_code_that_is_not_the_text_s_may_block() -> None:
    function = function_of("def f(q: str):\n    return q\n")
    other = function_of("def f(q: str):\n    return unknown(q)\n", unknown=unknown)
    # As after an edit of the file, or an import hook that adds calls.
    linecache.cache[other.__code__.co_filename] = linecache.cache[function.__code__.co_filename]
    assert judged(function) is Calling.INLINE
    assert judged(other) is Calling.THREAD


def test_a_module_s_attributes_are_known_only_of_the_status_codes() -> None:
    class Module(ModuleType):
        def __getattr__(self, name: str) -> Any:
            return unknown()

    text = "def f():\n    raise HTTPException(codes.HTTP_404_NOT_FOUND)\n"
    names: dict[str, Any] = {"HTTPException": HTTPException}
    assert judged(function_of(text, codes=status, **names)) is Calling.INLINE
    assert judged(function_of(text, codes=starlette_status, **names)) is Calling.INLINE
    assert judged(function_of(text, codes=Module("codes"), **names)) is Calling.THREAD
    gone = text.replace("HTTP_404_NOT_FOUND", "HTTP_422_UNPROCESSABLE_ENTITY")
    assert judged(function_of(gone, codes=status, **names)) is Calling.THREAD


# Classes.


class Page:
    """Only stores."""

    def __init__(self, skip: int = 0, limit: int = 100, q: str | None = None):
        self.skip = skip
        self.limit: int = min(limit, 100)
        self.q = q.strip() if False else q


class Stores:
    def __init__(self, skip: int = 0, *, q: str | None = None, user: Any = Depends(provide)):
        self.skip = skip
        self.q = q
        self.user = user


class Slotted:
    __slots__ = ("q",)

    def __init__(self, q: str) -> None:
        self.q = q


class Empty:
    pass


class Derived(Stores):
    pass


class Typed(Generic[T]):
    def __init__(self, q: str) -> None:
        self.q = q


@dataclasses.dataclass
class Data:
    q: str = "x"
    items: list[str] = dataclasses.field(default_factory=list, init=False)


@dataclasses.dataclass(frozen=True)
class Frozen:
    q: str = "x"


@dataclasses.dataclass(slots=True, kw_only=True)
class SlottedData:
    q: str = "x"


@dataclasses.dataclass
class DerivedData(Data):
    n: int = 0


@pytest.mark.parametrize(
    "cls", [Stores, Slotted, Empty, Derived, Typed, Data, Frozen, SlottedData, DerivedData]
)
def test_classes_that_only_store_are_called_in_place(cls: Any) -> None:
    assert judged(cls) is Calling.INLINE


class WithProperty:
    def __init__(self, q: str) -> None:
        self.q = q

    @property
    def q(self) -> str:
        return ""

    @q.setter
    def q(self, value: str) -> None:
        unknown()


class DerivedFromProperty(WithProperty):
    def __init__(self, q: str) -> None:
        self.q = q


class Descriptor:
    def __set__(self, instance: Any, value: Any) -> None:
        unknown()


class WithDescriptor:
    q = Descriptor()

    def __init__(self, q: str) -> None:
        self.q = q


class WithSetattr:
    def __init__(self, q: str) -> None:
        self.q = q

    def __setattr__(self, name: str, value: Any) -> None:
        unknown()


class WithNew:
    def __new__(cls, q: str) -> Any:
        return unknown()

    def __init__(self, q: str) -> None:
        self.q = q


class Meta(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return unknown()


class WithMetaclass(metaclass=Meta):
    def __init__(self, q: str) -> None:
        self.q = q


class Abstract(ABC):  # noqa: B024 - its metaclass is what matters
    def __init__(self, q: str) -> None:
        self.q = q


class Calls:
    def __init__(self, q: str) -> None:
        self.q = unknown(q)


class CallsSuper(Stores):
    def __init__(self, q: str) -> None:
        super().__init__()


class ReadsItself:
    def __init__(self, q: str) -> None:
        self.q = q
        self.r = self.q.strip()


class ChangesItsClass:
    def __init__(self, q: str) -> None:
        self.__class__ = WithSetattr  # type: ignore[assignment]
        self.q = q


class ChangesAnother:
    def __init__(self, other: Any = Depends(provide)) -> None:
        self = other
        self.q = 1


class SetsAnother:
    def __init__(self, other: Any = Depends(provide)) -> None:
        other.q = 1


class Decorated:
    @slow
    def __init__(self, q: str) -> None:
        self.q = q


class FromBuiltin(dict[str, Any]):
    def __init__(self, q: str) -> None:
        self.q = q


@dataclasses.dataclass
class PostInit:
    q: str

    def __post_init__(self) -> None:
        unknown()


@dataclasses.dataclass
class InitOnly:
    q: dataclasses.InitVar[str]

    def __post_init__(self, q: str) -> None:
        unknown()


@dataclasses.dataclass
class DerivedFromPostInit(PostInit):
    n: int = 0


@dataclasses.dataclass
class Factory:
    q: str = dataclasses.field(default_factory=lambda: unknown(), init=False)


@dataclasses.dataclass
class DescribedData:
    q: str = Descriptor()  # type: ignore[assignment]


@dataclasses.dataclass
class SetattrData:
    q: str

    def __setattr__(self, name: str, value: Any) -> None:
        unknown()


@dataclasses.dataclass(init=False)
class OwnInit:
    q: str

    def __init__(self, q: str) -> None:
        unknown()


class DerivedWithOwnInit(Data):
    def __init__(self, q: str) -> None:
        unknown()


@dataclasses.dataclass
class Replaced:
    q: str


Replaced.__init__ = slow(Replaced.__init__)  # type: ignore[method-assign]


class Tuple(NamedTuple):
    q: str


class TupleWithNew(Tuple):
    def __new__(cls, q: str) -> Any:
        return unknown()


class Model(BaseModel):
    q: str = Field(default_factory=unknown)


@pytest.mark.parametrize(
    "cls",
    [
        *(WithProperty, DerivedFromProperty, WithDescriptor, WithSetattr, WithNew, WithMetaclass),
        *(Abstract, Calls, CallsSuper, ReadsItself, ChangesItsClass, ChangesAnother, SetsAnother),
        *(Decorated, FromBuiltin, PostInit, InitOnly, DerivedFromPostInit, Factory, DescribedData),
        *(SetattrData, OwnInit, DerivedWithOwnInit, Replaced, Tuple, TupleWithNew, Model),
    ],
)
def test_classes_that_do_more_may_block(cls: Any) -> None:
    assert judged(cls) is not Calling.INLINE


def test_a_class_may_limit_what_it_stores() -> None:
    # Its only unknown is a conditional that keeps no knowledge of `None`.
    assert judged(Page) is Calling.THREAD
