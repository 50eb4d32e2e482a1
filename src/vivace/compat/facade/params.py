"""The classes behind the functions that declare parameters and dependencies."""

from __future__ import annotations

from vivace.declare.dependencies import Depends, Security
from vivace.declare.params import Body, Cookie, File, Form, Header, Param, ParamTypes, Path, Query

__all__ = [
    "Body",
    "Cookie",
    "Depends",
    "File",
    "Form",
    "Header",
    "Param",
    "ParamTypes",
    "Path",
    "Query",
    "Security",
]
