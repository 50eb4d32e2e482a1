"""What stands under the peer's names in the analysis of signatures and in the reading of forms."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Signature
from typing import Any

from vivace.analyse.annotations import (
    is_subclass as lenient_issubclass,
    resolve as get_typed_annotation,
    signature_of as get_typed_signature,
)
from vivace.forms import (
    ensure_multipart_is_installed,
    multipart_incorrect_install_error,
    multipart_not_installed_error,
)
from vivace.runtime.forms import read_bytes as _read_file_bytes

from ..dependant import Dependant
from ..extraction import (
    get_dependant,
    get_parameterless_sub_dependant,
    request_body_to_args,
    request_params_to_args,
)


def get_typed_return_annotation(call: Callable[..., Any]) -> Any:
    """What `call` says that it returns; None where it says nothing."""
    annotation = get_typed_signature(call).return_annotation
    return None if annotation is Signature.empty else annotation


def get_flat_params(dependant: Dependant) -> list[Any]:
    """All parameters of path, query, headers and cookies, those of dependencies included."""
    own = (
        *dependant.path_params,
        *dependant.query_params,
        *dependant.header_params,
        *dependant.cookie_params,
    )
    return [*own, *(p for inner in dependant.dependencies for p in get_flat_params(inner))]


def _get_flat_body_params(dependant: Dependant) -> list[Any]:
    inner = (p for d in dependant.dependencies for p in _get_flat_body_params(d))
    return [*dependant.body_params, *inner]


def _get_body_field(**options: Any) -> None:
    """Nothing: packages keep what this returns in a route, which knows by itself what it reads."""


__all__ = [
    "_get_body_field",
    "_get_flat_body_params",
    "_read_file_bytes",
    "ensure_multipart_is_installed",
    "get_dependant",
    "get_flat_params",
    "get_parameterless_sub_dependant",
    "get_typed_annotation",
    "get_typed_return_annotation",
    "get_typed_signature",
    "lenient_issubclass",
    "multipart_incorrect_install_error",
    "multipart_not_installed_error",
    "request_body_to_args",
    "request_params_to_args",
]
