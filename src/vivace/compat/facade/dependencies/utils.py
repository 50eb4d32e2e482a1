"""What stands under the peer's names in the analysis of signatures and in the reading of forms."""

from __future__ import annotations

from vivace.analyse.annotations import resolve as get_typed_annotation
from vivace.forms import (
    ensure_multipart_is_installed,
    multipart_incorrect_install_error,
    multipart_not_installed_error,
)
from vivace.runtime.forms import read_bytes as _read_file_bytes

from ..extraction import get_dependant, request_body_to_args, request_params_to_args

__all__ = [
    "_read_file_bytes",
    "ensure_multipart_is_installed",
    "get_dependant",
    "get_typed_annotation",
    "multipart_incorrect_install_error",
    "multipart_not_installed_error",
    "request_body_to_args",
    "request_params_to_args",
]
