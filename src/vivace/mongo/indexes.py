"""Indexes, made when the app starts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from vivace.mongo.documents import BaseDocument


class IndexConflict(RuntimeError):
    """An index cannot be made, as it contradicts what is in the database."""


async def create_indexes(
    database: AsyncDatabase[dict[str, Any]], models: Iterable[type[BaseDocument]]
) -> None:
    """Make the indexes of ``models`` that are not there yet. Others are left as they are.

    Raises:
        IndexConflict: One cannot be made.
    """
    for model in models:
        for index in model.__indexes__:
            try:
                # One by one, as the server does not say which one it means.
                await database[model.__collection__].create_indexes([index])
            except OperationFailure as error:
                raise IndexConflict(_explain(model, index, error)) from error


#: Codes of the server.
OPTIONS_CONFLICT, KEYS_CONFLICT, DUPLICATE_KEY = 85, 86, 11000


def _explain(model: type[BaseDocument], index: IndexModel, error: OperationFailure) -> str:
    name, collection = index.document["name"], model.__collection__
    what = f"The index {name!r} of {model.__name__} cannot be made"
    said = (error.details or {}).get("errmsg", str(error))
    if error.code in (OPTIONS_CONFLICT, KEYS_CONFLICT):
        return (
            f"{what}: the collection {collection!r} has one of this name, or on these fields, that "
            f"is another. Drop that one, by db.{collection}.dropIndex(...) in mongosh, or declare "
            f"it as it is. The server says: {said}"
        )
    if error.code == DUPLICATE_KEY:
        return (
            f"{what}: it is unique, and in the collection {collection!r} there are documents that "
            f"have the same. The server says: {said}"
        )
    return f"{what}. The server says: {said}"


__all__ = ["IndexConflict", "create_indexes"]
