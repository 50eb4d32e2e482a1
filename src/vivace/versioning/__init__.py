"""Versions of an API, side by side in one app.

Everything starts with :class:`Versions`, and all that an app needs is here. Inside, a module
imports from those before it::

    deprecation -> history -> errors, marks, consumers -> ways -> accept -> selection -> tables
        -> catalog, editions, paths, refusal -> visit -> identification -> group -> documents
        -> versions
"""

from __future__ import annotations

from vivace.versioning.consumers import ConsumerStore, MemoryConsumers
from vivace.versioning.deprecation import Deprecation
from vivace.versioning.errors import VersionError
from vivace.versioning.history import Version
from vivace.versioning.marks import deprecated, since, until
from vivace.versioning.versions import Versions
from vivace.versioning.visit import version_of
from vivace.versioning.ways import ByAccept, ByConsumer, ByHeader, ByPath, ByQuery, Way

__all__ = [
    "ByAccept",
    "ByConsumer",
    "ByHeader",
    "ByPath",
    "ByQuery",
    "ConsumerStore",
    "Deprecation",
    "MemoryConsumers",
    "Version",
    "VersionError",
    "Versions",
    "Way",
    "deprecated",
    "since",
    "until",
    "version_of",
]
