"""Validation errors as JSON that every client can read, whatever input they echo."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile

from vivace.encoders import Encoding, is_object

_SURROGATES = re.compile("[\ud800-\udfff]")
# CPython refuses to write longer integers in decimal (``sys.set_int_max_str_digits``).
_LONGEST_INTEGER_BITS = 14_000


def encode_errors(errors: Any) -> Any:
    """Convert validation errors to values that strict JSON can hold (RFC 8259).

    Like ``jsonable_encoder``, but no input makes it fail: ``NaN`` and the infinities become
    their names, lone surrogates U+FFFD, bytes text in which those that are not UTF-8 are
    escaped, an uploaded file its name, and a value of a type that nothing is known of, or that
    cannot be encoded, the name of its type.
    """
    return _strict(_LENIENT.encode(errors))


class LenientEncoding(Encoding):
    """Escapes bytes that are no text, and names the type of what is no data.

    What an object keeps in its attributes is for nobody outside of the program.
    """

    def encode(self, value: Any, include: Any = None, exclude: Any = None) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value).decode(errors="backslashreplace")
        if isinstance(value, UploadFile):
            return value.filename
        if isinstance(value, BaseException):
            # The message has what is to be known, and clients expect an object.
            return {}
        try:
            if is_object(value) and not isinstance(value, Mapping):
                return _name_of_type(value)
            return Encoding.encode(self, value, include, exclude)
        except Exception:
            return _name_of_type(value)


def _name_of_type(value: Any) -> str:
    return f"<{type(value).__name__}>"


_LENIENT = LenientEncoding()


def _strict(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _name_of(value)
    if isinstance(value, int):
        return value if value.bit_length() <= _LONGEST_INTEGER_BITS else hex(value)
    if isinstance(value, dict):
        return {_strict(key): _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value


def _name_of(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


__all__ = ["encode_errors"]
