"""Any function that is judged harmless leaves alone what it does not know."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from hypothesis import event, given, settings, strategies as st
from tests.unit.analyse.modules import function_of

from vivace import Depends, HTTPException
from vivace.analyse.calls import Analyser
from vivace.analyse.inplace import cannot_block


def provide() -> str:
    return "x"


class Touched(BaseException):
    pass


def touch(self: Any, *args: Any) -> Any:
    raise Touched


SPECIAL = """
getattribute setattr delattr repr str bytes format lt le eq ne gt ge hash bool call len getitem
setitem delitem iter next contains add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv
mod rmod pow rpow lshift rlshift rshift rrshift and rand or ror xor rxor neg pos abs invert int
float complex index round enter exit iadd isub imul
"""
Tripwire = type("Tripwire", (), {f"__{name}__": touch for name in SPECIAL.split()})


class Page:
    """A class that only stores, of which other attributes are computed."""

    shared = Tripwire()

    def __init__(self, stored: Any) -> None:
        self.stored = stored

    def method(self) -> None:
        raise Touched

    @property
    def computed(self) -> None:
        raise Touched


NAMES = ["text", "number", "maybe", "unknown", "NOT_FOUND", "HTTPException", "len", "local"]
PAGES = ["page", "page.stored", "page.shared", "page.computed", "page.method", "page.__dict__"]
ATOMS = [*NAMES, *PAGES, "(1)", "'a'", "None"]
UNARY = ["not {}", "-{}", "~{}", "[*{}]", "{{**{}}}", "{{{}}}", "({},)", "(yield {})", "(x := {})"]
UNARY += ['f"{{{}}}"', 'f"{{{}!r}}"', 'f"{{number:{{{}}}}}"', "[x for x in {}]", "lambda: {}"]
UNARY += [
    f"{name}({{}})" for name in ("len", "str", "int", "list", "max", "round", "print", "iter")
]
UNARY += [f"HTTPException({args})" for args in ("{}", "404, {}", "404, *{}", "404, **{}", "**{}")]
UNARY += [f"{{}}.{name}" for name in ("name", "strip()", "split(',')", "__class__", "value")]
UNARY += ["text.strip({})", "text.split({})", "text.join({})", "{}()", "unknown({})", "dict(a={})"]
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "<<",
    "|",
    "@",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "and",
    "or",
    "is",
]
BINARY = [f"{{}} {operator} {{}}" for operator in (*OPERATORS, "not in", "is not")]
BINARY += ["{}[{}]", "{{{}: {}}}", "[{}, {}]", "1 if {} else {}", "max({}, {})", "round({}, {})"]
EXPRESSIONS = [
    *(form.format(a) for form in UNARY for a in ATOMS),
    *(form.format(a, b) for form in BINARY for a in ATOMS for b in ATOMS),
]


def parameters(
    unknown: Annotated[Any, Depends(provide)], text: str, number: int, maybe: str | None = None
) -> None: ...


KNOWN = Analyser().call_plan(parameters, frozenset()).parameters


def leaves_unknown_values_alone(body: str) -> bool:
    """True where a function with this body was judged harmless, after it has proved to be."""
    text = f"def f(unknown, page, text, number, maybe):\n{body}\n"
    try:
        function = function_of(text, HTTPException=HTTPException, NOT_FOUND=Tripwire())
    except SyntaxError:
        return False
    if not cannot_block(function, KNOWN, {"page": Page}):
        return False
    for maybe in (None, "x", ""):
        with suppress(Exception):
            function(Tripwire(), Page(Tripwire()), "text", 3, maybe)
    return True


def test_every_single_expression_that_is_harmless_leaves_unknown_values_alone() -> None:
    harmless = [e for e in EXPRESSIONS if leaves_unknown_values_alone(f"    return {e}")]
    assert len(harmless) > 100


combined = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds(lambda form, a: f"({form.format(a)})", st.sampled_from(UNARY), inner),
        st.builds(
            lambda form, a, b: f"({form.format(a, b)})", st.sampled_from(BINARY), inner, inner
        ),
    ),
    max_leaves=4,
)
statements = st.one_of(
    st.builds("    return {}".format, combined),
    st.builds("    local = {}".format, combined),
    st.builds("    text = {}".format, combined),
    st.builds("    local.name = {}".format, combined),
    st.builds("    page = {}".format, combined),
    st.builds("    page.stored = {}".format, combined),
    st.builds("    raise {}".format, combined),
    st.builds("    if {}:\n        local = {}".format, combined, combined),
)


@given(st.lists(statements, min_size=1, max_size=3).map("\n".join))
@settings(max_examples=300, deadline=None)
def test_harmless_functions_leave_unknown_values_alone(body: str) -> None:
    if leaves_unknown_values_alone(body):
        event("harmless")
