"""A router for a model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Unpack

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper

from vivace import APIRouter, Depends
from vivace.crud import CrudOptions, Operation, make_router
from vivace.crud.options import OPERATIONS, check_options, options_of
from vivace.sql.crud.collection import SQLCollection
from vivace.sql.crud.loading import attribute_names
from vivace.sql.crud.plan import Plan, make_plan
from vivace.sql.crud.relations import stood_for
from vivace.sql.crud.resource import Derived, ResourceOptions, derive
from vivace.sql.crud.scope import Scope, make_scope
from vivace.sql.database import Database


class SQLCrudOptions(CrudOptions, ResourceOptions, total=False):
    """The keyword arguments of :func:`crud_router`.

    Keys:
        scope: A ``Depends`` that gives which rows a request may see: the values that they have, a
            condition, ``with_loader_criteria(...)``, or a list of these.
        read_from_replicas: Whether lists and items are read through ``db.read_session``: a client
            may then not see at once what it has just written.
    """

    scope: Any
    read_from_replicas: bool


def crud_router(model: type[Any], db: Database, **options: Unpack[SQLCrudOptions]) -> APIRouter:
    """Routes that list, create, read, replace, patch and delete the rows of ``model``.

    .. code-block:: python

        app.include_router(crud_router(Book, db, relations={"author": "nested", "tags": "ids"}))

    Args:
        model: A class of SQLAlchemy's declarative mapping.
        db: Where its rows are. What a request writes is committed before its response is sent.
        options: See :class:`~vivace.sql.crud.SQLCrudOptions`; those on schemas are in
            :class:`~vivace.sql.crud.ResourceOptions`, those of any router in
            :class:`~vivace.crud.CrudOptions`.

    Raises:
        TypeError: There is no such option.
        ValueError: Something cannot be derived, or an option names what the model does not have.
    """
    if not isinstance(db, Database):
        raise ValueError(
            f"The router of {model.__name__} takes a `vivace.sql.Database`, and got {db!r}."
        )
    check_options(options, SQLCrudOptions)
    mapper = _mapper_of(model)
    derived = derive(mapper, options_of(ResourceOptions, options))
    _check_writable(mapper, derived, options)
    plan, scope = make_plan(mapper, derived), options.get("scope")
    return make_router(
        derived.resource,
        _collection(plan, db.session, scope),
        reading=(
            _collection(plan, db.read_session, scope) if options.get("read_from_replicas") else None
        ),
        **options_of(CrudOptions, options),
    )


def _mapper_of(model: type[Any]) -> Mapper[Any]:
    try:
        mapper = sa.inspect(model)
    except NoInspectionAvailable:
        mapper = None
    if not isinstance(mapper, Mapper):
        raise ValueError(f"{model!r} is no class that SQLAlchemy maps to a table.")
    # Relations name their classes as strings, which are looked up now.
    mapper.registry.configure()
    return mapper


def _collection(plan: Plan, session: Any, scope: Any) -> Any:
    """The dependency that gives the rows as a request may see them.

    Args:
        session: The dependency that gives the session.
        scope: One that gives which rows there are for the request; ``None`` for all.
    """
    model, everything = plan.mapper.class_, Scope()

    async def collection(session: AsyncSession = session) -> SQLCollection:
        return SQLCollection(plan, session, everything)

    async def scoped(given: Any = scope, session: AsyncSession = session) -> SQLCollection:
        return SQLCollection(plan, session, make_scope(model, given))

    return Depends(collection if scope is None else scoped)


def _check_writable(mapper: Mapper[Any], derived: Derived, options: SQLCrudOptions) -> None:
    """Refuse a router whose every attempt to write would fail.

    What hooks and a scope set is not known before.
    """
    operations: Collection[Operation] = options.get("operations", OPERATIONS)
    resource, has_hooks = derived.resource, "hooks" in options
    _check_readable(mapper, resource.read)
    if {"create", "create_many"}.intersection(operations) and not has_hooks:
        if "scope" not in options:
            _check_complete(mapper, derived)
        _check_known(mapper, derived, "create", resource.create)
    if not has_hooks:
        _check_known(mapper, derived, "replace", resource.replace)
        _check_known(mapper, derived, "patch", resource.patch)


def _check_readable(mapper: Mapper[Any], schema: type[BaseModel]) -> None:
    for name, field in zip(attribute_names(schema), schema.model_fields.values()):
        if field.is_required() and not hasattr(mapper.class_, name):
            raise ValueError(
                f"The schema for `read` of {mapper.class_.__name__} has a field {name!r}, which "
                "the model has not. Take it out, or give the model a property of that name."
            )


def _check_complete(mapper: Mapper[Any], derived: Derived) -> None:
    sent = derived.resource.create.model_fields if derived.resource.create else {}
    set_otherwise = {mapper.version_id_col, mapper.polymorphic_on}
    for name, column in derived.columns.items():
        if name in sent or name in stood_for(derived.relations) or column.column is None:
            continue
        if not column.nullable and not column.is_generated and column.column not in set_otherwise:
            raise ValueError(
                f"{mapper.class_.__name__}.{name} could never be set: it is not nullable, has no "
                "default, and is not for clients to set. Give it a default, set it in "
                "`before_create` of `hooks` or by `scope`, or leave `create` and `create_many` out "
                "of `operations`."
            )


def _check_known(
    mapper: Mapper[Any], derived: Derived, option: str, schema: type[BaseModel] | None
) -> None:
    for name in schema.model_fields if schema is not None else ():
        if name not in derived.columns and name not in derived.relations:
            raise ValueError(
                f"The schema for `{option}` of {mapper.class_.__name__} has a field {name!r}: that "
                "is no column, nor a relation in `relations`. Take it out; or give `hooks` that "
                "make of it what the model has."
            )


__all__ = ["SQLCrudOptions", "crud_router"]
