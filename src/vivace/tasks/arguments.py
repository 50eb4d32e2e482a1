"""What a task is called with and what it returns, between Python and JSON."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json, to_json

from vivace.calling import Caller
from vivace.tasks.context import TaskContext, current_task
from vivace.tasks.message import MAX_SIZE

#: So that what JSON has no form for comes back as it was.
CONFIG = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="strings")


class Arguments:
    """The parameters of one task, read from its signature.

    Args:
        function: The task.
        keep_result: Whether what it returns is kept, and so has to have a form in JSON.

    Attributes:
        caller: Calls the function with its dependencies.
        is_needed: Whether there are arguments without which it cannot be sent.

    Raises:
        TypeError: A parameter cannot be sent. The message names it.
    """

    def __init__(self, function: Callable[..., Any], *, keep_result: bool = True) -> None:
        self._place = f"{function.__module__}.{function.__qualname__}"
        self.caller = Caller(function, provided={TaskContext: current_task})
        self._signature = inspect.Signature(self.caller.given)
        self._adapters = {p.name: self._parameter(p) for p in self.caller.given}
        self.is_needed = any(p.default is inspect.Parameter.empty for p in self.caller.given)
        self._result: TypeAdapter[Any] | None = None
        if keep_result:
            self._result = self._returned(function)

    def dump(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Arguments as JSON has them, by name; those that are left out keep their defaults.

        Raises:
            TypeError: They do not fit the signature.
            pydantic.ValidationError: One is not of its type.
            pydantic_core.PydanticSerializationError: One has no form in JSON.
        """
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._place}: {error}. Dependencies are not sent.") from None
        arguments: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            adapter = self._adapters[name]
            with self._naming(name):
                arguments[name] = _as_json(adapter, adapter.validate_python(value))
        return arguments

    def load(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What :meth:`dump` was given, by name.

        Raises:
            TypeError: There is an argument too many, or one too few.
            pydantic.ValidationError: One is not of its type.
        """
        self._signature.bind(**arguments)
        loaded: dict[str, Any] = {}
        for name, value in arguments.items():
            with self._naming(name):
                text = to_json(value, inf_nan_mode="strings")
                loaded[name] = self._adapters[name].validate_json(text)
        return loaded

    @contextmanager
    def _naming(self, parameter: str) -> Iterator[None]:
        """Have what is wrong with an argument say whose it is."""
        try:
            yield
        except ValidationError as error:
            details = [
                InitErrorDetails(
                    # Without a context nothing is filled in.
                    type=PydanticCustomError(one["type"], cast(Any, one["msg"])),
                    loc=(parameter, *one["loc"]),
                    input=one["input"],
                )
                for one in error.errors(include_url=False, include_context=False)
            ]
            raise ValidationError.from_exception_data(self._place, details) from None

    def dump_result(self, value: Any) -> Any:
        """What the function has returned, as JSON has it; ``None`` where it is not kept.

        Raises:
            ValueError: It is not of the declared type, has no form in JSON, or is too large.
        """
        if self._result is None:
            return None
        text = self._result.dump_json(self._result.validate_python(value))
        if len(text) > MAX_SIZE:
            raise ValueError(
                f"It has {len(text)} bytes, and {MAX_SIZE} are the most. Store what is large "
                "elsewhere, and return where it is, or declare `keep_result=False`."
            )
        return from_json(text)

    def load_result(self, value: Any) -> Any:
        """What :meth:`dump_result` was given.

        Raises:
            pydantic.ValidationError: It is not of the type that the function declares by now.
        """
        if self._result is None:
            return None
        return self._result.validate_json(to_json(value, inf_nan_mode="strings"))

    def _parameter(self, parameter: inspect.Parameter) -> TypeAdapter[Any]:
        place = f"{self._place}, parameter {parameter.name!r}"
        if parameter.annotation is inspect.Parameter.empty:
            raise TypeError(f"{place}: It has no type. Annotate it, so that it can be sent.")
        try:
            return make_adapter(parameter.annotation)
        except PydanticUserError as error:
            raise TypeError(
                f"{place}: {parameter.annotation!r} has no form in JSON ({_first_line(error)}). "
                "Send what it can be found or made by, such as an id, or get it from a dependency."
            ) from None

    def _returned(self, function: Callable[..., Any]) -> TypeAdapter[Any]:
        annotation = inspect.signature(function, eval_str=True).return_annotation
        if annotation is inspect.Signature.empty:
            annotation = Any
        try:
            return make_adapter(annotation)
        except PydanticUserError as error:
            raise TypeError(
                f"{self._place}: What it returns, {annotation!r}, has no form in JSON "
                f"({_first_line(error)}). Return something else, or declare `keep_result=False`."
            ) from None


def make_adapter(annotation: Any) -> TypeAdapter[Any]:
    """A validator and serializer of a type that has a form in JSON.

    Raises:
        PydanticUserError: It has none.
    """
    adapter: TypeAdapter[Any] | None = None
    # Models, dataclasses and the like have a configuration of their own.
    with suppress(PydanticUserError):
        adapter = TypeAdapter(annotation, config=CONFIG)
    if adapter is None:
        adapter = TypeAdapter(annotation)
    # What has no schema, as a function, may be validated but not sent.
    adapter.json_schema()
    if _names_classes(adapter.core_schema):
        raise PydanticUserError("A class cannot be sent.", code=None)
    return adapter


def _names_classes(schema: Any) -> bool:
    """Whether a value, or a part of one, is a class: pydantic has a schema for these."""
    if isinstance(schema, dict):
        return schema.get("type") == "is-subclass" or any(map(_names_classes, schema.values()))
    return isinstance(schema, (list, tuple)) and any(map(_names_classes, schema))


def _as_json(adapter: TypeAdapter[Any], value: Any) -> Any:
    return from_json(adapter.dump_json(value))


def _first_line(error: PydanticUserError) -> str:
    return str(error).partition("\n")[0].rstrip(".")


__all__ = ["Arguments", "make_adapter"]
