"""The end of sending: complete, called off, or out of time."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, text

from core import clock
from core.db import Read, Write
from core.errors import Invalid, MediaRefused, NotFound
from core.events import UploadDropped
from core.ids import UploadId
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, page_of
from core.storage.port import StoredObject
from core.viewer import Viewer
from models.media import ENDS_BY_TIME, Upload
from services import outbox
from services.media import processing, records
from services.media.records import Record
from services.visibility.rows import UploadRow

FAILURES: Final = {
    "TYPE": "This is not a kind of picture we can use, or not the kind that was announced.",
    "DAMAGED": "The file cannot be read. It may be damaged.",
    "CHECKSUM": "The bytes are not those that were announced. Upload the file again.",
    "TOO_LARGE": "The picture has too many bytes or pixels.",
    "INTERNAL": "We could not process the picture. Upload it again.",
}
"""What a person is told, by `UploadFailureCode`."""


async def complete_upload(tx: Write, viewer: Viewer, upload_id: UploadId, arrived: StoredObject | None) -> None:
    """Hand one's own upload to the worker once its bytes have `arrived` in storage; later calls change nothing.

    Bytes that are not the announced ones fail the upload: that is a change, so it commits, and the upload tells why.
    """
    record = await _require_own(tx, viewer, upload_id)
    if record.state != "OPEN":
        return
    if arrived is None:
        message = "The bytes are not in storage yet. Send them first."
        raise MediaRefused("MEDIA_NOT_READY", message, upload_id=(upload_id.user_id, upload_id.id))
    await _arrive(tx, record, arrived)


async def complete_alone(tx: Write, upload_id: UploadId, arrived: StoredObject) -> None:
    """As `complete_upload`, for a client that sent the bytes and then fell silent."""
    record = await records.lock_one(tx, upload_id)
    if record is not None and record.state == "OPEN":
        await _arrive(tx, record, arrived)


def require_usable(upload: UploadRow) -> None:
    """Refuse an upload that failed, was called off or ran out of time."""
    if upload.state in {"FAILED", "CANCELLED", "EXPIRED"}:
        message = FAILURES.get(upload.failure_code or "", "This upload has ended. Begin another one.")
        raise MediaRefused("MEDIA_REJECTED", message, upload_id=(upload.id.user_id, upload.id.id))


async def cancel_upload(tx: Write, viewer: Viewer, upload_id: UploadId) -> None:
    """Call off one's own upload that is not used; one that has ended stays as it is."""
    record = await _require_own(tx, viewer, upload_id)
    if record.is_used:
        raise Invalid("INVALID", "This file is used already.", ("input", "uploadId"))
    if record.state in {"OPEN", "PROCESSING", "READY"}:
        await _drop(tx, upload_id, "CANCELLED")


async def expire_upload(tx: Write, upload_id: UploadId) -> None:
    """End an upload whose time is over: unused ones are dropped, a post that waits for one fails."""
    record = await records.lock_one(tx, upload_id)
    if record is None or record.expires_at > clock.now():
        return
    if not record.is_used and record.state in {"OPEN", "PROCESSING", "READY"}:
        await _drop(tx, upload_id, "EXPIRED")
    elif record.state == "OPEN":
        await processing.give_up(tx, upload_id, state="EXPIRED")
    elif record.state == "PROCESSING":
        await processing.give_up(tx, upload_id, state="FAILED", failure_code="INTERNAL")


async def find_overdue(db: Read, limit: int) -> list[UploadId]:
    """Uploads whose time is over and that `expire_upload` would end."""
    statement = select(Upload.user_id, Upload.id).where(Upload.expires_at <= clock.now(), text(f"({ENDS_BY_TIME})"))
    return [UploadId(row.user_id, row.id) for row in await db.all(statement.order_by(Upload.expires_at).limit(limit))]


async def page_of_unused(db: Read, viewer: Viewer, states: Sequence[str] | None, window: Window) -> Page[UploadId]:
    """The viewer's uploads that nothing shows yet, newest first."""
    scope = f"uploads:{viewer.user_id}"
    statement = select(Upload.id).where(Upload.user_id == viewer.user_id, Upload.used_at.is_(None))
    if states is not None:
        statement = statement.where(Upload.state.in_(states))
    if window.after is not None:
        statement = statement.where(Upload.id < cursor_id(*decode_cursor(scope, window.after)))
    rows = await db.scalars(statement.order_by(Upload.id.desc()).limit(window.first + 1))
    found = [UploadId(viewer.user_id, one) for one in rows]
    return page_of(found, window, lambda one: encode_cursor(scope, one.id))


async def _require_own(tx: Write, viewer: Viewer, upload_id: UploadId) -> Record:
    record = await records.lock_one(tx, upload_id) if upload_id.user_id == viewer.id else None
    if record is None:
        raise NotFound(("input", "uploadId"), id=str(upload_id))
    return record


async def _arrive(tx: Write, record: Record, arrived: StoredObject) -> None:
    """Judge by what the store knows; the worker looks at the bytes themselves."""
    is_other_file = None not in {record.sha256, arrived.sha256} and arrived.sha256 != record.sha256
    if arrived.byte_size != record.byte_size or is_other_file:
        await processing.give_up(tx, record.id, state="FAILED", failure_code="CHECKSUM")
    elif arrived.content_type != record.content_type:
        await processing.give_up(tx, record.id, state="FAILED", failure_code="TYPE")
    else:
        await processing.start(tx, record.id)


async def _drop(tx: Write, upload_id: UploadId, state: str) -> None:
    await records.change_upload(tx, upload_id, state=state)
    await records.forget_media(tx, upload_id)
    outbox.emit(tx, UploadDropped(user_id=upload_id.user_id, upload_id=upload_id.id))
