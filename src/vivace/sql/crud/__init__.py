"""Routers for models of SQLAlchemy's: see :func:`crud_router`."""

from __future__ import annotations

from vivace.sql.crud.relations import Relation
from vivace.sql.crud.resource import ResourceOptions
from vivace.sql.crud.router import SQLCrudOptions, crud_router

__all__ = ["Relation", "ResourceOptions", "SQLCrudOptions", "crud_router"]
