from __future__ import annotations

from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteError,
)

from vivace import HTTPException
from vivace.crud.errors import RefusedRequest
from vivace.mongo import Document, Documents
from vivace.mongo.codec import Unstorable
from vivace.mongo.errors import translate, translated

SECRET = "host-17.internal"


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (ServerSelectionTimeoutError(SECRET), 503, "7"),
        (AutoReconnect(SECRET), 503, "7"),
        (NetworkTimeout(SECRET), 503, "7"),
        (NotPrimaryError(SECRET), 503, "7"),
        (WaitQueueTimeoutError(SECRET), 503, "7"),
        (OperationFailure(SECRET, 91), 503, "7"),
        (OperationFailure(SECRET, 11602), 503, "7"),
        (ExecutionTimeout(SECRET, 50), 503, None),
        (DuplicateKeyError(SECRET, 11000, {"keyPattern": {"a.b": 1, "c": 1}}), 409, None),
        (DuplicateKeyError(SECRET, 11000), 409, None),
        (OperationFailure(SECRET, 112), 409, None),
        (OperationFailure(SECRET, 251, {"errorLabels": ["TransientTransactionError"]}), 409, None),
        (WriteError(SECRET, 121), 422, None),
        (OperationFailure(SECRET, 52), 422, None),
        (OperationFailure(SECRET, 15), 422, None),
        (OperationFailure(SECRET, 10334), 413, None),
        (DocumentTooLarge(SECRET), 413, None),
        (BulkWriteError({"writeErrors": [{"index": 3, "code": 11000}]}), 409, None),
        (BulkWriteError({"writeErrors": [{"index": 3, "code": 121}]}), 422, None),
        (Unstorable([("album", "year")]), 422, None),
        (Unstorable([]), 422, None),
    ],
)
def test_an_error_has_a_reply_that_leaks_nothing(
    error: Exception, status: int, retry_after: str | None
) -> None:
    with pytest.raises(HTTPException) as caught, translated(7):
        raise error
    reply = caught.value
    assert reply.status_code == status
    assert (reply.headers or {}).get("Retry-After") == retry_after
    assert SECRET not in str(reply.detail)
    assert reply.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure(SECRET, 2),
        OperationFailure(SECRET, 18),
        BulkWriteError({"writeErrors": [{"index": 3, "code": 2}]}),
        BulkWriteError({"writeErrors": []}),
        ConfigurationError(SECRET),
    ],
)
def test_a_fault_of_the_program_s_is_let_through(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translated(7):
        raise error
    assert caught.value is error


def test_a_conflict_has_the_place_of_what_is_there_already() -> None:
    pattern = {"keyPattern": {"album.title": 1, "_id": 1}}
    reply = translate(DuplicateKeyError(SECRET, 11000, pattern), 7)
    assert isinstance(reply, RefusedRequest)
    assert reply.locations == (("body", "album", "title"), ("body", "id"))
    item = {"index": 3, "code": 11000, **pattern}
    reply = translate(BulkWriteError({"writeErrors": [item]}), 7)
    assert isinstance(reply, RefusedRequest)
    assert reply.locations == (("body", 3, "album", "title"), ("body", 3, "id"))


class Note(Document, collection="notes", extra="allow"):
    text: str = ""


@pytest.mark.anyio
async def test_what_the_server_itself_does_not_take(documents: Documents) -> None:
    notes = documents[Note]
    note = await notes.insert(Note(text="x"))
    with pytest.raises(HTTPException) as caught, translated(7):
        await notes.replace(Note.model_validate({"id": note.id, "$set": 1}))
    assert caught.value.status_code == 422
    validator = {"$jsonSchema": {"required": ["author"]}}
    await documents.database.create_collection("essays", validator=validator)
    with pytest.raises(HTTPException) as caught, translated(7):
        await documents.database["essays"].insert_one({"text": "x"})
    assert caught.value.status_code == 422


@pytest.mark.anyio
async def test_a_document_and_its_change_that_are_too_large_together(documents: Documents) -> None:
    note = await documents[Note].insert(Note(text="x" * 9_000_000))
    changed: Any = note.model_copy(update={"text": "y" * 9_000_000})
    with pytest.raises(HTTPException) as caught, translated(7):
        await documents[Note].replace(changed)
    assert caught.value.status_code == 413
    stored = await documents[Note].raw.find_one({"_id": note.id})
    assert stored is not None
    assert stored["text"][0] == "x"
