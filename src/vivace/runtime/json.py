"""JSON out of whatever an endpoint without a declared response type returns."""

from __future__ import annotations

import json
from typing import Any

from vivace.encoders import jsonable_encoder, without_non_finite

#: As compact as JSON gets, and nothing that RFC 8259 does not allow.
_encode = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    separators=(",", ":"),
    default=jsonable_encoder,
).encode


def encode_json(value: Any) -> bytes:
    """The JSON of ``value``, equal to that of ``jsonable_encoder(value)``.

    What JSON knows is written at once; the encoder is asked only for what it does not. Floats
    that JSON has no number for are null, as pydantic has them where a type is declared.
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError):
        # A key that is no string, say: the encoder knows what to make of it, or says better why
        # not.
        return _encode(without_non_finite(jsonable_encoder(value))).encode()
    if '"_sa' in text:
        # The encoder leaves out SQLAlchemy's own attributes.
        return _encode(jsonable_encoder(value)).encode()
    return text.encode()
