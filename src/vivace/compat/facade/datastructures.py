"""Uploaded files, Starlette's datastructures, and the marks of a default value."""

from __future__ import annotations

from starlette.datastructures import URL, Address, FormData, Headers, QueryParams, State

from vivace.datastructures import UploadFile
from vivace.declare.defaults import Default, DefaultPlaceholder

__all__ = [
    "URL",
    "Address",
    "Default",
    "DefaultPlaceholder",
    "FormData",
    "Headers",
    "QueryParams",
    "State",
    "UploadFile",
]
