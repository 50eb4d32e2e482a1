"""The shape in which a field of a model takes what a client sent: one value, or a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from vivace.analyse.plan import Source
from vivace.runtime.forms import is_empty, is_unselected
from vivace.runtime.validation import ABSENT

if TYPE_CHECKING:
    from vivace.analyse.fields import Member

#: Makes it out of a value by itself or a list of several; ``ABSENT`` where that counts as nothing.
Shape = Callable[[Any], Any]


def shape_of(member: Member, source: Source) -> Shape:
    """The shape in which ``member`` takes its value."""
    if source is Source.COOKIE:
        # There is one value of each cookie, and no way to send a list but an empty one.
        return _last_field if member.takes_list else _last
    is_form = source is Source.BODY
    if member.takes_list:
        return _every_field if is_form else _every
    if is_form:
        return _last_field
    return _first if source is Source.HEADER else _last


def _every(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


def _last(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return value[-1] if value else ABSENT


def _last_field(value: Any) -> Any:
    last = _last(value)
    return ABSENT if is_empty(last) else last


def _every_field(value: Any) -> Any:
    """A list without the files that were not chosen; what a validator has put there stays."""
    if isinstance(value, list):
        chosen = [item for item in value if not is_unselected(item)]
        return ABSENT if value and not chosen else chosen
    if is_unselected(value):
        return ABSENT
    return [value] if isinstance(value, (str, bytes, UploadFile)) else value
