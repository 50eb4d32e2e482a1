"""What clients accept is read as RFC 9110, section 12.5.3, says."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from vivace.middleware.accept_encoding import choose_coding, parse_accept_encoding

CODINGS = ("br", "zstd", "gzip")


@pytest.mark.parametrize(
    ("value", "coding", "may_be_plain"),
    [
        (None, "identity", True),
        ("", "identity", True),
        ("gzip", "gzip", True),
        ("x-gzip", "gzip", True),
        ("GZIP;Q=0.5", "gzip", True),
        ("gzip, deflate, br, zstd", "br", True),
        ("gzip;q=1.0, br;q=0.9", "gzip", True),
        ("gzip ; q=0.5 ,\tbr ;q=0.4", "gzip", True),
        ("gzip;q=0", "identity", True),
        ("deflate", "identity", True),
        ("*", "br", True),
        ("*, br;q=0", "zstd", True),
        ("br;q=0, *;q=0.1", "zstd", True),
        ("identity", "identity", True),
        ("identity;q=1, gzip;q=0.5", "identity", True),
        ("identity;q=0.5, gzip;q=0.5", "gzip", True),
        ("identity;q=0.4, gzip;q=0.5", "gzip", True),
        ("identity;q=0, gzip", "gzip", False),
        ("gzip, *;q=0", "gzip", False),
        ("*;q=0", None, False),
        ("*;q=0, identity;q=0.1", "identity", True),
        ("identity;q=0", None, False),
        ("deflate, identity;q=0", None, False),
        ("gzip;q=2", "identity", True),
        ("gzip;q=0.1234", "identity", True),
        ("gzip;level=9", "identity", True),
        (",, gzip,", "gzip", True),
        ("gzip;q=0, gzip", "identity", True),
    ],
)
def test_the_coding_is_the_one_that_is_liked_best(
    value: str | None, coding: str | None, may_be_plain: bool
) -> None:
    assert choose_coding(value, CODINGS) == (coding, may_be_plain)


def test_of_a_list_without_end_the_beginning_is_read() -> None:
    assert len(parse_accept_encoding(",".join(f"c{n}" for n in range(100)))) == 32


def test_a_long_value_is_read_as_a_short_one() -> None:
    assert choose_coding("gzip" + " " * 1000 + ";q=0.5", CODINGS) == ("gzip", True)


names = st.sampled_from([*CODINGS, "identity", "*", "deflate", "x"])
weights = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@given(st.dictionaries(names, weights, min_size=1))
def test_no_coding_that_is_refused_is_chosen_and_none_that_is_liked_better_left_out(
    wanted: dict[str, float],
) -> None:
    value = ", ".join(f"{name};q={weight:.3f}" for name, weight in wanted.items())
    assert parse_accept_encoding(value) == pytest.approx(wanted)
    coding, may_be_plain = choose_coding(value, CODINGS)

    def weight_of(name: str) -> float:
        if name in wanted:
            return wanted[name]
        if name == "identity":
            return 0.0 if wanted.get("*") == 0 else 0.0001
        return wanted.get("*", 0.0)

    assert may_be_plain == (weight_of("identity") > 0)
    if coding is None:
        assert all(weight_of(name) == 0 for name in (*CODINGS, "identity"))
    else:
        assert weight_of(coding) > 0
        # Something without a weight of its own counts for less than any that has one.
        rivals = [*CODINGS, *(["identity"] if "identity" in wanted else [])]
        assert all(weight_of(coding) >= weight_of(name) for name in rivals)


@given(st.text(st.characters(max_codepoint=255)))
def test_any_value_is_read(value: str) -> None:
    coding, may_be_plain = choose_coding(value, CODINGS)
    assert coding in (*CODINGS, "identity", None)
    assert may_be_plain or coding != "identity"
