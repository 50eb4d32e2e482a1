"""JSON out of whatever an endpoint without a declared response type returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from vivace.encoders import jsonable_encoder, without_non_finite

#: As compact as JSON gets, and nothing that RFC 8259 does not allow.
_STYLE: dict[str, Any] = {
    "ensure_ascii": False,
    "allow_nan": False,
    "separators": (",", ":"),
}
_encode = json.JSONEncoder(**_STYLE).encode
#: For what holds no such floats as values: as a key, one has a text like any other.
_encode_finite = json.JSONEncoder(**{**_STYLE, "allow_nan": True}).encode


@cache
def _quick_encoder() -> Callable[[Any], bytes] | None:
    """orjson's, where it is installed: it comes with the extra ``standard``.

    It is imported when there is something to encode.
    """
    try:
        import orjson
    except ImportError:
        return None
    # What it has a text of its own for is left to the encoder.
    options = (
        orjson.OPT_PASSTHROUGH_DATACLASS
        | orjson.OPT_PASSTHROUGH_DATETIME
        | orjson.OPT_PASSTHROUGH_SUBCLASS
    )
    return partial(orjson.dumps, option=options)


class _Converted:
    """What the encoder has made of an object, which is kept so that the object's id stays its own.

    It may be needed again, and a generator cannot be asked twice.
    """

    def __init__(self, value: Any) -> None:
        self.original = value
        self.encoded = jsonable_encoder(value)


class _Converting(json.JSONEncoder):
    """Asks the encoder for what JSON does not know, and keeps the answers."""

    def __init__(self) -> None:
        super().__init__(**_STYLE)
        self._converted: dict[int, _Converted] = {}

    def default(self, o: Any) -> Any:
        found = self._converted[id(o)] = _Converted(o)
        return found.encoded

    def encoded(self, value: Any) -> Any:
        """``jsonable_encoder(value)``, where some of it has been asked for before."""
        take = {_Converted: lambda found: found.encoded}
        return jsonable_encoder(self._marked(value), custom_encoder=take)

    def _marked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._marked(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._marked(item) for item in value]
        return self._converted.get(id(value), value)


def encode_json(value: Any) -> bytes:
    """The JSON of ``value``, equal to that of ``jsonable_encoder(value)``.

    What JSON knows is written at once; the encoder is asked only for what it does not. Floats
    that JSON has no number for are null, as pydantic has them where a type is declared.
    """
    encode_quickly = _quick_encoder()
    if encode_quickly is not None:
        try:
            encoded = encode_quickly(value)
        except TypeError:
            pass
        else:
            if b'"_sa' not in encoded:
                return encoded
    return _encode_generally(value)


def _encode_generally(value: Any) -> bytes:
    """The same without orjson, for what it refuses: large integers and keys of any type, say."""
    try:
        text = _encode(value)
    except (TypeError, ValueError):
        return _convert(value).encode()
    if '"_sa' in text:
        # The encoder leaves out SQLAlchemy's own attributes.
        return _encode(jsonable_encoder(value)).encode()
    return text.encode()


def _convert(value: Any) -> str:
    attempt = _Converting()
    try:
        text = attempt.encode(value)
    except (TypeError, ValueError):
        # A key that is no string, say: the encoder knows what to make of it, or says better why
        # not.
        return _encode_finite(without_non_finite(attempt.encoded(value)))
    return _encode(attempt.encoded(value)) if '"_sa' in text else text
