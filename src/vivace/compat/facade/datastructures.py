"""Uploaded files, Starlette's datastructures, and the marks of a default value."""

from __future__ import annotations

from typing import TypeVar

from starlette.datastructures import URL, Address, FormData, Headers, QueryParams, State

from vivace.datastructures import UploadFile
from vivace.declare.defaults import Default, DefaultPlaceholder

DefaultType = TypeVar("DefaultType")

__all__ = [
    "URL",
    "Address",
    "Default",
    "DefaultPlaceholder",
    "DefaultType",
    "FormData",
    "Headers",
    "QueryParams",
    "State",
    "UploadFile",
]
