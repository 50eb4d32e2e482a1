from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from vivace import UploadFile
from vivace.analyse.fields import Member
from vivace.analyse.plan import Source
from vivace.runtime.shapes import Shape, shape_of
from vivace.runtime.validation import ABSENT


def shape(annotation: Any, source: Source) -> Shape:
    info = FieldInfo.from_annotation(annotation)
    return shape_of(Member("a", info, (("a", "a"),), (), {}), source)


def upload(filename: str, content: bytes = b"") -> UploadFile:
    return UploadFile(BytesIO(content), size=len(content), filename=filename)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Source.QUERY, "2"),
        (Source.PATH, "2"),
        (Source.COOKIE, "2"),
        (Source.BODY, "2"),
        (Source.HEADER, "1"),
    ],
)
def test_of_several_values_the_last_counts_but_of_headers_the_first(
    source: Source, expected: str
) -> None:
    assert shape(str, source)(["1", "2"]) == expected


@pytest.mark.parametrize("source", Source)
def test_one_value_stays_as_it_is(source: Source) -> None:
    assert shape(str, source)("1") == "1"
    assert shape(int, source)(5) == 5


@pytest.mark.parametrize("source", [Source.QUERY, Source.HEADER, Source.BODY])
@pytest.mark.parametrize("annotation", [list[str], set[str], tuple[str, ...], list[str] | None])
def test_a_list_takes_every_value(annotation: Any, source: Source) -> None:
    take = shape(annotation, source)
    assert take(["1", "2"]) == ["1", "2"]
    assert take("1") == ["1"]
    assert take([]) == []


def test_a_cookie_is_no_list_of_itself() -> None:
    take = shape(list[str], Source.COOKIE)
    assert take("1") == "1"
    assert take(["1", "2"]) == "2"
    assert take("") is ABSENT


@pytest.mark.parametrize("source", [Source.QUERY, Source.COOKIE, Source.BODY])
def test_no_value_is_absent(source: Source) -> None:
    assert shape(str, source)([]) is ABSENT


@pytest.mark.parametrize("value", ["", ["1", ""], upload(""), [upload("a", b"1"), upload("")]])
def test_a_field_of_a_form_that_was_left_empty_is_absent(value: Any) -> None:
    assert shape(str, Source.BODY)(value) is ABSENT


@pytest.mark.parametrize("source", [Source.QUERY, Source.HEADER, Source.COOKIE])
def test_elsewhere_empty_text_is_a_value(source: Source) -> None:
    assert shape(str, source)("") == ""
    assert shape(str, source)([""]) == ""


def test_a_list_in_a_form_keeps_empty_text_but_no_file_that_was_not_chosen() -> None:
    take, chosen = shape(list[Any], Source.BODY), upload("a", b"1")
    assert take(["", "1", ""]) == ["", "1", ""]
    assert take([upload(""), chosen, upload("")]) == [chosen]


@pytest.mark.parametrize("value", [upload(""), [upload("")], [upload(""), upload("")]])
def test_a_list_of_files_none_of_which_was_chosen_is_absent(value: Any) -> None:
    assert shape(list[UploadFile], Source.BODY)(value) is ABSENT


@pytest.mark.parametrize("value", [upload("empty.txt"), upload("", b"1")])
def test_a_file_with_a_name_or_with_content_was_chosen(value: UploadFile) -> None:
    assert shape(list[UploadFile], Source.BODY)(value) == [value]
    assert shape(UploadFile, Source.BODY)(value) is value


@pytest.mark.parametrize("value", [None, 5, ("1", "2"), {"1"}, {"a": 1}])
def test_what_a_validator_has_put_in_a_form_stays(value: Any) -> None:
    assert shape(list[str], Source.BODY)(value) is value
