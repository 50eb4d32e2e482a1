"""Documents on MongoDB, over PyMongo: models with ids, indexes and references.

Everything starts with :class:`Mongo`.
"""

from __future__ import annotations

from vivace.extras import brought_by

with brought_by("mongo"):
    from vivace.mongo.binary import Binary
    from vivace.mongo.codec import Unstorable
    from vivace.mongo.collection import Collection
    from vivace.mongo.crud import crud_router
    from vivace.mongo.database import Mongo
    from vivace.mongo.documents import BaseDocument, Document
    from vivace.mongo.errors import InvalidValue, NotFound, TransactionsNotSupported, Unavailable
    from vivace.mongo.indexes import IndexConflict
    from vivace.mongo.lookup import Lookup
    from vivace.mongo.objectid import ObjectId
    from vivace.mongo.settings import MongoSettings
    from vivace.mongo.store import Documents

__all__ = [
    "BaseDocument",
    "Binary",
    "Collection",
    "Document",
    "Documents",
    "IndexConflict",
    "InvalidValue",
    "Lookup",
    "Mongo",
    "MongoSettings",
    "NotFound",
    "ObjectId",
    "TransactionsNotSupported",
    "Unavailable",
    "Unstorable",
    "crud_router",
]
