"""Which requests have the same answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import given, strategies as st

from vivace.caching.keys import has_credentials, is_plain, key_of, query_of
from vivace.datastructures import Headers


def scope(path: str = "/", query: str = "", root: str = "", **headers: str) -> dict[str, Any]:
    named = {"host": "a", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "type": "http",
        "scheme": "http",
        "path": path,
        "root_path": root,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }


def key(
    *, place: str = "read", vary: tuple[str, ...] = (), owner: str | None = None, **of: Any
) -> str:
    return key_of(scope(**of), place, vary, owner)


def test_keys_differ_by_all_that_an_answer_depends_on() -> None:
    keys = [
        key(),
        key(path="/a"),
        key(path="/b"),
        key(root="/a"),
        key(query="a"),
        key(query="a="),
        key(query="a=1"),
        key(host="b"),
        key(place="other"),
        key(owner="ada"),
        key(owner="anyone"),
        key(vary=("accept",)),
        key(vary=("accept",), accept=""),
        key(vary=("accept",), accept="text/html"),
    ]
    assert len(set(keys)) == len(keys)


def test_what_is_not_named_does_not_count() -> None:
    assert key(accept="a") == key(accept="b")
    assert key(vary=("accept",), accept="a,  b") == key(vary=("accept",), accept="a, b")


pairs = st.lists(st.tuples(st.text("ab&=", max_size=2), st.text("xy", max_size=1)), max_size=5)


@given(pairs, st.randoms())
def test_parameters_of_different_names_may_come_in_any_order(
    parameters: list[tuple[str, str]], random: Any
) -> None:
    names = list(dict.fromkeys(name for name, _ in parameters))
    random.shuffle(names)
    moved = [pair for name in names for pair in parameters if pair[0] == name]
    one, other = (
        scope(query="&".join(f"{quote(name)}={value}" for name, value in some))
        for some in (parameters, moved)
    )
    assert query_of(one) == query_of(other)


def test_values_of_one_name_keep_their_order() -> None:
    assert query_of(scope(query="b=1&a=2&b=0&&%61=1")) == "a=2&%61=1&b=1&b=0"
    many = "&".join(f"a{number}" for number in range(500, 0, -1))
    assert query_of(scope(query=many)) == many


def test_credentials_ranges_and_content_are_seen() -> None:
    assert has_credentials(Headers({"Authorization": "x"}))
    assert has_credentials(Headers({"Cookie": "x"}))
    assert not has_credentials(Headers({"Accept": "x"}))
    assert is_plain(Headers({"Content-Length": "0"}))
    for field in ({"Range": "bytes=0-"}, {"Content-Length": "1"}, {"Transfer-Encoding": "chunked"}):
        assert not is_plain(Headers(field))
