"""Files: uploads that are streamed to a store, resumable ones, and downloads with ranges.

Everything starts with :class:`Files` and a store.
"""

from __future__ import annotations

from vivace.extras import brought_by

with brought_by("files"):
    from vivace.files.disk import DiskStore
    from vivace.files.errors import FileError, NoSuchFile, StorageFull, StoreUnavailable
    from vivace.files.kit import Files
    from vivace.files.receiving import UploadedForm
    from vivace.files.records import StoredFile
    from vivace.files.store import Store

__all__ = [
    "DiskStore",
    "FileError",
    "Files",
    "NoSuchFile",
    "StorageFull",
    "Store",
    "StoreUnavailable",
    "StoredFile",
    "UploadedForm",
]
