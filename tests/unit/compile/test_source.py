from __future__ import annotations

import keyword

from hypothesis import given, strategies as st

from vivace.compile.source import PREFIX, Source, identifier, local


def test_lines_are_indented_by_the_blocks_they_stand_in() -> None:
    source = Source()
    with source.block("if a:"):
        source.line("b")
        with source.block("for c in d:"):
            source.line("e")
        source.line()
    source.line("f")
    assert source.text() == "if a:\n    b\n    for c in d:\n        e\n\nf\n"


def test_an_empty_block_passes() -> None:
    source = Source()
    with source.block("if a:"), source.block("if b:"):
        pass
    assert source.text() == "if a:\n    if b:\n        pass\n"


def test_an_object_has_one_name_and_equal_names_are_told_apart() -> None:
    source = Source()
    first, second = object(), object()
    assert source.bind("it", first) == "_v_it"
    assert source.bind("it", second) == "_v_it_2"
    assert source.bind("other", first) == "_v_it"
    assert source.bind("it", object()) == "_v_it_3"
    assert source.namespace["_v_it"] is first
    assert source.namespace["_v_it_2"] is second


def test_equal_objects_are_not_the_same() -> None:
    source = Source()
    first, second = [1], [1]
    assert source.bind("it", first) != source.bind("it", second)


@given(st.text(min_size=1))
def test_an_identifier_may_stand_in_code(name: str) -> None:
    made = identifier(name)
    assert made.isidentifier()
    assert not keyword.iskeyword(made)


def test_what_is_an_identifier_stays_as_it_is() -> None:
    assert identifier("item_id") == "item_id"
    assert identifier("class") == "class_"
    assert identifier("2fa") == "_2fa"
    assert identifier("<lambda>") == "_lambda_"
    assert identifier("größe") == "größe"
    assert identifier("") == "_"


parameters = st.tuples(
    st.one_of(
        st.from_regex(r"(p?_v_)*[a-z_ß](_[0-9]|_)*", fullmatch=True),
        st.text().filter(str.isidentifier),
    ),
    st.integers(0, 20),
)


@given(parameters, parameters)
def test_locals_meet_neither_each_other_nor_what_the_generator_binds(
    first: tuple[str, int], second: tuple[str, int]
) -> None:
    names = [local(*first), local(*second)]
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in names)
    assert not any(name.startswith(PREFIX) for name in names)
    assert (names[0] == names[1]) == (first == second)
