"""Requests as no client library would send them: refused with the place, and never a 500."""

from __future__ import annotations

import itertools
import json
import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import Any

import pytest

from vivace import Vivace, WebSocket, WebSocketDisconnect
from vivace.testclient import TestClient

from .process import Reply, Server, read_reply

JSON = [("Content-Type", b"application/json")]
FORM = [("Content-Type", b"application/x-www-form-urlencoded")]
MULTIPART = [("Content-Type", b"multipart/form-data; boundary=x")]
UNREADABLE = "There was an error parsing the body"
#: More digits than Python reads, see ``sys.set_int_max_str_digits``.
TEN_THOUSAND_DIGITS = "9" * 10_000
DEEP = 100_000

Headers = Sequence[tuple[str, bytes]]
Location = list[str | int]


def message(method: str, target: str, headers: Headers = (), body: bytes = b"") -> bytes:
    """A whole HTTP/1.1 request (RFC 9112); nothing in it is checked or escaped."""
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1"), b"Host: test", b"Connection: close"]
    lines += [name.encode("latin-1") + b": " + value for name, value in headers]
    if not any(name in ("Content-Length", "Transfer-Encoding") for name, _ in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


def refuse_constant(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def errors(reply: Reply) -> list[dict[str, Any]]:
    """The errors in a 422, which has to be strict JSON (RFC 8259) whatever it repeats."""
    assert reply.status == 422, reply
    assert "content-type: application/json" in reply.head.lower()
    document = json.loads(reply.body.decode("utf-8"), parse_constant=refuse_constant)
    assert all(error.keys() >= {"type", "loc", "msg", "input"} for error in document["detail"])
    detail: list[dict[str, Any]] = document["detail"]
    return detail


def locations(reply: Reply) -> list[Location]:
    return [error["loc"] for error in errors(reply)]


def get(server: Server, target: str, headers: Headers = ()) -> Reply:
    return server.exchange(message("GET", target, headers))


def post(server: Server, target: str, headers: Headers, body: bytes) -> Reply:
    return server.exchange(message("POST", target, headers, body))


# The path.


@pytest.mark.parametrize(
    ("target", "loc", "sent"),
    [
        ("/number/%FF", ["path", "number"], "\ufffd"),
        ("/number/%00", ["path", "number"], "\x00"),
        ("/number/%ED%A0%80", ["path", "number"], "\ufffd" * 3),
        ("/number/%zz", ["path", "number"], "%zz"),
        ("/number/NaN", ["path", "number"], "NaN"),
        (f"/number/{TEN_THOUSAND_DIGITS}", ["path", "number"], TEN_THOUSAND_DIGITS),
        ("/uuid/%00", ["path", "id"], "\x00"),
        ("/uuid/" + "a" * 5000, ["path", "id"], "a" * 5000),
        ("/decimal/NaN", ["path", "number"], "NaN"),
        ("/decimal/-Infinity", ["path", "number"], "-Infinity"),
    ],
)
def test_a_path_parameter_is_refused_by_name(
    bad_input_server: Server, target: str, loc: Location, sent: str
) -> None:
    (error,) = errors(get(bad_input_server, target))
    assert (error["loc"], error["input"]) == (loc, sent)


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("%FF", "\ufffd"),
        ("%C3%28", "\ufffd("),
        ("%ED%A0%80", "\ufffd\ufffd\ufffd"),
        ("%", "%"),
        ("%zz", "%zz"),
        ("%00", "\x00"),
    ],
)
def test_escapes_that_are_no_text_become_replacement_characters(
    bad_input_server: Server, escaped: str, text: str
) -> None:
    assert get(bad_input_server, f"/text/{escaped}").json() == text
    assert get(bad_input_server, f"/query?text={escaped}").json()["text"] == text
    form = post(bad_input_server, "/form", FORM, f"name={escaped}&number=1".encode())
    assert form.json()["name"] == text


@pytest.mark.parametrize("path", ["/convertor/{}", "/mounted/{}/", "/included/{}"])
def test_a_number_too_long_for_a_convertor_is_no_path(bad_input_server: Server, path: str) -> None:
    assert get(bad_input_server, path.format(12)).body == b"12"
    reply = get(bad_input_server, path.format(TEN_THOUSAND_DIGITS))
    assert (reply.status, reply.json()) == (404, {"detail": "Not Found"})


def test_a_path_may_not_hold_bytes_that_are_not_ascii(bad_input_server: Server) -> None:
    assert get(bad_input_server, "/text/\xff").status == 400
    assert get(bad_input_server, "/query?text=\xff").status == 400


def test_dots_and_escaped_slashes_stay_in_the_value(bad_input_server: Server) -> None:
    assert get(bad_input_server, "/file/..%2f..%2fetc").json() == "../../etc"


# The query.


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ("number=%FF", ["query", "number"]),
        ("number=", ["query", "number"]),
        ("number=%00", ["query", "number"]),
        ("number=%ED%A0%80", ["query", "number"]),
        ("number=1e400", ["query", "number"]),
        (f"number={TEN_THOUSAND_DIGITS}", ["query", "number"]),
        ("number=1&number=x", ["query", "number"]),
        ("flag=2", ["query", "flag"]),
        ("colour=%00", ["query", "colour"]),
        ("numbers=1&numbers=%FF", ["query", "numbers", 1]),
        ("&&=&number=x", ["query", "number"]),
    ],
)
def test_a_query_parameter_is_refused_by_name(
    bad_input_server: Server, query: str, loc: Location
) -> None:
    assert locations(get(bad_input_server, f"/query?{query}")) == [loc]


@pytest.mark.parametrize("query", ["", "=", "&&&", "text", "%FF=%FF", "text[]=1", "?", ";"])
def test_a_query_that_names_nothing_is_none(bad_input_server: Server, query: str) -> None:
    reply = get(bad_input_server, f"/query?{query}")
    assert reply.json() == {"text": "", "number": 0, "names": 0, "numbers": 0}


def test_thousands_of_parameters_are_read(bad_input_server: Server) -> None:
    names = "&".join(["names=a"] * 5000)
    assert get(bad_input_server, f"/query?{names}").json()["names"] == 5000
    assert get(bad_input_server, f"/query-model?{names}").json() == {"limit": 10, "names": 5000}
    others = "&".join(f"k{number}=v" for number in range(5000))
    assert get(bad_input_server, f"/query?{others}").status == 200
    numbers = "&".join(["numbers=x"] * 1000)
    assert len(errors(get(bad_input_server, f"/query?{numbers}"))) == 1000


def test_a_query_model_is_refused_by_field(bad_input_server: Server) -> None:
    assert locations(get(bad_input_server, "/query-model?limit=%FF")) == [["query", "limit"]]


# Headers and cookies.


@pytest.mark.parametrize("value", [b"\xff", b"", b"NaN", b"1, 2", TEN_THOUSAND_DIGITS.encode()])
def test_a_header_is_refused_by_name(bad_input_server: Server, value: bytes) -> None:
    (error,) = errors(get(bad_input_server, "/header", [("X-Number", value)]))
    assert (error["loc"], error["input"]) == (["header", "x-number"], value.decode("latin-1"))


def test_a_header_is_latin_1(bad_input_server: Server) -> None:
    headers = [("X-Number", b"1"), ("X-Text", b"\xff\xfe"), ("X-Many", b"a"), ("X-Many", b"\xe9")]
    reply = get(bad_input_server, "/header", headers)
    assert reply.json() == {"number": 1, "text": "\xff\xfe", "many": ["a", "\xe9"]}


@pytest.mark.parametrize("header", [("", b"1"), ("X Number", b"1"), ("X-Number", b"1\x00")])
def test_a_malformed_header_is_refused(bad_input_server: Server, header: tuple[str, bytes]) -> None:
    assert get(bad_input_server, "/header", [header]).status == 400


@pytest.mark.parametrize(
    "cookie",
    [b"number=\xff", b"number=%FF", b'number="\\377"', b'number="1', b"number=1; number=x"],
)
def test_a_cookie_is_refused_by_name(bad_input_server: Server, cookie: bytes) -> None:
    (error,) = errors(get(bad_input_server, "/cookie", [("Cookie", cookie)]))
    assert (error["loc"], error["type"]) == (["cookie", "number"], "int_parsing")


@pytest.mark.parametrize("cookie", [b"", b"number", b";;;", b"=1", b"Number=1"])
def test_a_cookie_that_names_nothing_is_missing(bad_input_server: Server, cookie: bytes) -> None:
    (error,) = errors(get(bad_input_server, "/cookie", [("Cookie", cookie)]))
    assert (error["loc"], error["type"]) == (["cookie", "number"], "missing")


# JSON.


@pytest.mark.parametrize(
    ("body", "position"),
    [
        (b"{", 1),
        (b" ", 1),
        (b"\x00", 0),
        (b"{'name': 1}", 1),
        (b'{"name": "a", "price": 1}{}', 25),
        (b'{"name":"a","price":1}\x00', 22),
        (b'{"name": "a\x00", "price": 1}', 11),
        (b'{"name": "\\ud800", "price": 1}', 10),
        (b'{"name": "\\udc00\\ud800", "price": 1}', 10),
        (b'{"name": "\\\\\\ud83d", "price": 1}', 12),
        (b'{"\\udfff": NaN, "name": "a", "price": 1}', 2),
        ('\ufeff{"name": "é\\ud800", "price": 1}'.encode(), 11),
    ],
)
def test_json_is_refused_at_the_character(
    bad_input_server: Server, body: bytes, position: int
) -> None:
    for path in ("/item", "/keys", "/echo", "/numbers"):
        (error,) = errors(post(bad_input_server, path, JSON, body))
        assert (error["type"], error["loc"]) == ("json_invalid", ["body", position])
        assert error["ctx"]["error"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff", "invalid start byte at byte 0"),
        (b'{"name": "\xff", "price": 1}', "invalid start byte at byte 10"),
        # A surrogate pair encoded as if it were two characters.
        (
            b'{"name": "\xed\xa0\xbd\xed\xb8\x80", "price": 1}',
            "invalid continuation byte at byte 10",
        ),
        (
            b'{"name": "a", "price": %s}' % TEN_THOUSAND_DIGITS.encode(),
            "number out of range at line 1 column",
        ),
        (b"[" * DEEP + b"]" * DEEP, "recursion limit exceeded at line 1 column"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "recursion limit exceeded at line 1 column"),
        (b"[" * DEEP, "recursion limit exceeded at line 1 column"),
        (b"[" * 900 + b"]" * 900, "recursion limit exceeded at line 1 column"),
    ],
    ids=["byte", "text", "cesu", "digits", "arrays", "objects", "open", "900 levels"],
)
def test_json_that_cannot_be_read_is_refused_at_its_place(
    bad_input_server: Server, body: bytes, reason: str
) -> None:
    for path in ("/item", "/keys", "/echo", "/numbers"):
        reply = post(bad_input_server, path, JSON, body)
        assert reply.status == 400
        assert reply.json()["detail"].startswith(f"{UNREADABLE}: {reason}")


def test_json_may_be_nested_in_moderation(bad_input_server: Server) -> None:
    body = b"[" * 190 + b"]" * 190
    assert post(bad_input_server, "/echo", JSON, body).body == body
    (error,) = errors(post(bad_input_server, "/item", JSON, body))
    assert error["loc"] == ["body"]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/item", b"null", [["body"]]),
        ("/item", b"[]", [["body"]]),
        ("/item", b"NaN", [["body"]]),
        ("/item", b"{}", [["body", "name"], ["body", "price"]]),
        ("/item", b'{"name": NaN, "price": 1}', [["body", "name"]]),
        ("/item", b'{"name": {"a": [Infinity]}, "price": 1}', [["body", "name"]]),
        ("/item", b'{"name": "a", "name": 1, "price": 2}', [["body", "name"]]),
        ("/item", b'{"name": "a", "price": "\\u0000"}', [["body", "price"]]),
        ("/item", b'{"name": "a", "price": 1, "tags": [1e400, 2]}', None),
        ("/keys", b"[]", [["body", "item"], ["body", "number"]]),
        ("/keys", b'{"item": [], "number": NaN}', [["body", "item"], ["body", "number"]]),
        ("/numbers", b"[1, -Infinity, 1e400, NaN]", [["body", i] for i in (1, 2, 3)]),
        ("/numbers", b'{"name": 1e400}', [["body"]]),
        ("/numbers", b"[%s]" % b",".join([b'"x"'] * 1000), [["body", i] for i in range(1000)]),
        ("/refused", b'{"value": [NaN, -Infinity, "a"]}', [["body", "value"]]),
        ("/bytes", b'{"a": 1}', [["body"]]),
    ],
)
def test_json_of_another_shape_is_refused_by_name(
    bad_input_server: Server, path: str, body: bytes, expected: list[Location] | None
) -> None:
    found = locations(post(bad_input_server, path, JSON, body))
    assert found == (expected or [["body", "tags", 0], ["body", "tags", 1]])


def test_errors_name_the_numbers_that_json_does_not_have(bad_input_server: Server) -> None:
    body = b'{"name": [NaN, Infinity, -1e400], "price": 1}'
    (error,) = errors(post(bad_input_server, "/item", JSON, body))
    assert error["input"] == ["NaN", "Infinity", "-Infinity"]


def test_valid_bodies_with_numbers_that_json_does_not_have_are_answered(
    bad_input_server: Server,
) -> None:
    body = b'{"name": "a", "price": NaN}'
    for path in ("/item", "/echo"):
        assert post(bad_input_server, path, JSON, body).json()["price"] is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_json_in_any_unicode_encoding_is_read(bad_input_server: Server, encoding: str) -> None:
    body = '{"name": "é😀", "price": 1}'.encode(encoding)
    assert post(bad_input_server, "/item", JSON, body).json()["name"] == "é😀"


# Content types.


@pytest.mark.parametrize(
    "content_type",
    [
        *(b"", b"text/plain", b"application/xml", b"application/jsonx", b"application/"),
        *(b"json", b"*/*", b"\xff\xff", b"a" * 5000, b"multipart/form-data"),
        *(b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded"),
    ],
)
def test_only_json_is_read_as_json(bad_input_server: Server, content_type: bytes) -> None:
    body = b'{"name": "a\xff", "price": 1}'
    reply = post(bad_input_server, "/item", [("Content-Type", content_type)], body)
    (error,) = errors(reply)
    assert (error["loc"], error["type"]) == (["body"], "model_attributes_type")
    # Bytes that are no text are repeated as escapes.
    assert error["input"] == '{"name": "a\\xff", "price": 1}'


@pytest.mark.parametrize(
    "content_type",
    [b"APPLICATION/JSON", b"application/json;;;", b"application/json; charset=x", b"a/b+json"],
)
def test_json_has_several_names(bad_input_server: Server, content_type: bytes) -> None:
    body = b'{"name": "a", "price": 1}'
    reply = post(bad_input_server, "/item", [("Content-Type", content_type)], body)
    assert reply.status == (422 if content_type.startswith(b"a/") else 200)


@pytest.mark.parametrize("path", ["/form", "/upload", "/contents"])
@pytest.mark.parametrize("content_type", [b"", b"text/plain", b"application/json", b"\xff"])
def test_fields_of_what_is_no_form_are_missing(
    bad_input_server: Server, path: str, content_type: bytes
) -> None:
    reply = post(bad_input_server, path, [("Content-Type", content_type)], b'{"name": "a"}')
    assert {error["type"] for error in errors(reply)} == {"missing"}
    assert locations(reply)[0] == ["body", "name" if path == "/form" else "file"]


# Forms.


def field(name: bytes, value: bytes, more: bytes = b"") -> bytes:
    disposition = b'Content-Disposition: form-data; name="%s"%s' % (name, more)
    return b"--x\r\n" + disposition + b"\r\n\r\n" + value + b"\r\n"


END = b"--x--\r\n"


@pytest.mark.parametrize(
    ("content_type", "detail"),
    [
        (b"multipart/form-data", "Missing boundary in multipart."),
        (b"multipart/form-data; boundary=", "Invalid multipart data."),
        (b"multipart/form-data; boundary=y", "Invalid multipart data."),
        (b"multipart/form-data; boundary=\xff", "Invalid multipart data."),
        (b"multipart/form-data; boundary=" + b"x" * 5000, "Invalid multipart data."),
        (b"multipart/form-data; charset=\x01; boundary=x", None),
        (b"multipart/form-data; charset=undefined; boundary=x", UNREADABLE),
    ],
)
def test_a_multipart_form_without_its_boundary_is_refused(
    bad_input_server: Server, content_type: bytes, detail: str | None
) -> None:
    body = field(b"name", b"a") + field(b"number", b"1") + END
    for path in ("/form", "/upload", "/form-model", "/contents"):
        reply = post(bad_input_server, path, [("Content-Type", content_type)], body)
        assert reply.status == 400
        if detail is not None:
            assert reply.json() == {"detail": detail}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"--x\r\n\r\nabc\r\n" + END, 'The Content-Disposition header field "name" must be'),
        (
            b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n" + END,
            'The Content-Disposition header field "name" must be',
        ),
        (b"--x\r\n\xff\x00: a\r\n\r\nabc\r\n" + END, "Invalid multipart data."),
        (b"--x\r\nno colon\r\n\r\nabc\r\n" + END, "Invalid multipart data."),
        (field(b"a" * 100_000, b"1") + END, "Invalid multipart data."),
        (b"abc", "Invalid multipart data."),
        (b"".join(field(b"n", b"1") for _ in range(1001)) + END, "Too many fields."),
        (field(b"name", b"a" * 1_100_000) + END, "Part exceeded maximum size"),
    ],
    ids=["nameless", "no name", "header", "colon", "long name", "no part", "fields", "size"],
)
def test_a_broken_multipart_form_is_refused(
    bad_input_server: Server, body: bytes, detail: str
) -> None:
    for path in ("/form", "/upload", "/form-model", "/contents"):
        reply = post(bad_input_server, path, MULTIPART, body)
        assert reply.status == 400
        assert reply.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    "body", [field(b"file", b"abc")[:-9], b"--x\r\nContent-Dispo", b"--x", b""]
)
def test_fields_of_a_form_that_breaks_off_are_missing(
    bad_input_server: Server, body: bytes
) -> None:
    assert locations(post(bad_input_server, "/upload", MULTIPART, body)) == [["body", "file"]]
    found = locations(post(bad_input_server, "/form", MULTIPART, body))
    assert found == [["body", "name"], ["body", "number"]]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/form", field(b"name", b"a") + field(b"number", b"\xff"), [["body", "number"]]),
        ("/form", field(b"\xff", b"a"), [["body", "name"], ["body", "number"]]),
        ("/form", field(b"name", b"a", b'; filename="f"'), [["body", "name"], ["body", "number"]]),
        ("/upload", field(b"file", b"a"), [["body", "file"]]),
        ("/upload", field(b"file", b"a", b'; filename=""'), None),
        ("/form-model", field(b"limit", b"\x00"), [["body", "limit"]]),
    ],
)
def test_a_field_is_refused_by_name(
    bad_input_server: Server, path: str, body: bytes, expected: list[Location] | None
) -> None:
    reply = post(bad_input_server, path, MULTIPART, body + END)
    if expected is None:
        assert reply.status == 200
    else:
        assert locations(reply) == expected


def test_a_file_may_have_any_name_and_content(bad_input_server: Server) -> None:
    body = field(b"file", b"\xff\x00", b'; filename="\xff\x00"') + END
    reply = post(bad_input_server, "/upload", MULTIPART, body)
    assert reply.json() == {"name": "\xff\x00", "size": 2, "note": ""}


@pytest.mark.parametrize(
    ("charset", "value"),
    [
        (b"unicode_escape", b"\\ud800"),
        (b"utf-7", b"+2AA-"),
        # From Python 3.13 on this is an error that the parser reads around, as Latin-1.
        *([(b"idna", b"xn--")] if sys.version_info < (3, 13) else []),
    ],
)
def test_text_in_an_odd_encoding_is_refused(
    bad_input_server: Server, charset: bytes, value: bytes
) -> None:
    headers = [("Content-Type", b"multipart/form-data; boundary=x; charset=" + charset)]
    for body in (field(b"name", value), field(b"a", b"a", b'; filename="%s"' % value)):
        reply = post(bad_input_server, "/form", headers, body + field(b"number", b"1") + END)
        assert (reply.status, reply.json()) == (400, {"detail": UNREADABLE})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", [["body", "name"], ["body", "number"]]),
        (b"%", [["body", "name"], ["body", "number"]]),
        (b"&&&=", [["body", "name"], ["body", "number"]]),
        (b"name=a;number=1", [["body", "number"]]),
        (b"name=\xff&number=\xff", [["body", "number"]]),
        (b"name=a&number=%ED%A0%80", [["body", "number"]]),
        (b"name=a&number=" + TEN_THOUSAND_DIGITS.encode(), [["body", "number"]]),
        (b"name=&number=1", [["body", "name"]]),
    ],
)
def test_a_field_of_a_simple_form_is_refused_by_name(
    bad_input_server: Server, body: bytes, expected: list[Location]
) -> None:
    assert locations(post(bad_input_server, "/form", FORM, body)) == expected


def test_a_simple_form_has_limits(bad_input_server: Server) -> None:
    reply = post(bad_input_server, "/form", FORM, b"&".join([b"n=1"] * 1001))
    assert (reply.status, reply.json()["detail"][:16]) == (400, "Too many fields.")
    reply = post(bad_input_server, "/form", FORM, b"name=" + b"a" * 1_100_000)
    assert (reply.status, reply.json()["detail"][:22]) == (400, "Field exceeded maximum")


# Every endpoint.

BODIES = [
    *(b"", b"{", b"null", b"[]", b'"\\ud800"', b"\xff", b"NaN", b"[" * 500 + b"]" * 500),
    *(b"name=%FF&number=%FF", field(b"number", b"\xff") + END, field(b"file", b"\xff")[:-3]),
    b'{"item": NaN, "number": 1e400, "value": "\\udfff", "name": ["\xff"]}',
]
CONTENT_TYPES = [
    *("", "application/json", "application/x-www-form-urlencoded", "text/plain", "\xff"),
    *("multipart/form-data", "multipart/form-data; boundary=x"),
]
UPLOADS = ["/upload", "/contents"]
PATHS = [
    *UPLOADS,
    *("/item", "/keys", "/any", "/numbers", "/refused", "/bytes", "/form", "/form-model"),
    *("/raw", "/raw-dependency", "/limited", "/stream", "/dependent"),
]


@pytest.mark.parametrize("path", PATHS)
def test_no_body_is_a_fault_of_the_server(bad_input_server: Server, path: str) -> None:
    for body, content_type in itertools.product(BODIES, CONTENT_TYPES):
        reply = bad_input_server.client.post(
            path, content=body, headers={b"Content-Type": content_type.encode("latin-1")}
        )
        assert reply.status_code in (200, 400, 413, 422), (body, content_type, reply.text)
        if reply.status_code != 200:
            assert json.loads(reply.content.decode(), parse_constant=refuse_constant)["detail"]


# Connections that break off.


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("reset", [False, True])
def test_a_client_may_go_away_in_the_middle_of_the_body(
    bad_input_server: Server, path: str, reset: bool
) -> None:
    content_type = FORM if "form" in path else MULTIPART if path in UPLOADS else JSON
    headers = [*content_type, ("Content-Length", b"900")]
    with bad_input_server.connect() as connection:
        connection.sendall(message("POST", path, headers, b"--x\r\nContent-"))
        time.sleep(0.01)
        if reset:
            # Closing sends RST rather than FIN.
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        else:
            connection.shutdown(socket.SHUT_WR)
            assert read_reply(connection).status in (0, 400)
    assert bad_input_server.client.get("/alive").json() == "yes"


@pytest.mark.parametrize("chunk", [b"zz\r\n{", b"-1\r\n{", b"5\r\n{}\r\n0\r\n\r\n"])
def test_broken_chunks_are_refused(bad_input_server: Server, chunk: bytes) -> None:
    headers = [*JSON, ("Transfer-Encoding", b"chunked")]
    assert post(bad_input_server, "/item", headers, chunk).status in (0, 400)


@pytest.mark.parametrize("length", [b"abc", b"-1", b"1" * 100, b"1, 2", b""])
def test_a_malformed_length_is_refused(bad_input_server: Server, length: bytes) -> None:
    headers = [*JSON, ("Content-Length", length)]
    assert post(bad_input_server, "/item", headers, b"{}").status in (400, 422)


def test_a_body_shorter_than_announced_is_not_answered_with_its_part(
    bad_input_server: Server,
) -> None:
    headers = [*JSON, ("Content-Length", b"26")]
    reply = post(bad_input_server, "/item", headers, b'{"name": "a", "price": 1}')
    assert reply.status in (0, 400)


def test_a_method_that_nobody_knows_is_refused(bad_input_server: Server) -> None:
    assert bad_input_server.client.request("PROPFIND", "/item").status_code == 405
    assert bad_input_server.exchange(b"\x00\xff\r\n\r\n").status == 400


# WebSockets.


def test_a_handshake_is_refused(bad_input_server: Server) -> None:
    headers = [
        *[("Upgrade", b"websocket"), ("Sec-WebSocket-Version", b"13")],
        ("Sec-WebSocket-Key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
    ]
    request = message("GET", "/socket?number=%ED%A0%80", headers)
    reply = bad_input_server.exchange(request.replace(b": close", b": Upgrade"))
    assert reply.status == 403


def test_the_reason_for_closing_a_websocket_fits_its_frame() -> None:
    app = Vivace()

    @app.websocket("/socket")
    async def talk(websocket: WebSocket, number: int) -> None:
        raise AssertionError

    client = TestClient(app)
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        client.websocket_connect("/socket?number=" + "é" * 200),
    ):
        raise AssertionError
    assert caught.value.code == 1008
    assert 100 < len(caught.value.reason.encode()) <= 123
