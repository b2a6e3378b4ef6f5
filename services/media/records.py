"""The rows of one upload and of the medium made of it; the upload's row is the lock of both."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Executable, Row, Uuid, any_, delete, literal, select, update

from core.db import Read, Write
from core.ids import UploadId
from models.media import Media, Upload


@dataclass(frozen=True, slots=True)
class Made:
    """What is made of an upload; it is gone once the upload is called off or has run out of time."""

    post_id: UUID | None
    status: str
    focal: tuple[float, float]
    is_public: bool
    original_key: str | None
    rendition_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Record:
    """An upload as the system sees it."""

    id: UploadId
    state: str
    purpose: str
    content_type: str
    byte_size: int
    sha256: str | None
    storage_key: str
    failure_code: str | None
    expires_at: datetime
    is_used: bool
    made: Made | None


# unguarded: the system at work on uploads; what people see of them comes through the door
_RECORD = select(
    Upload.user_id,
    Upload.id,
    Upload.state,
    Upload.purpose,
    Upload.content_type,
    Upload.byte_size,
    Upload.sha256,
    Upload.storage_key,
    Upload.failure_code,
    Upload.expires_at,
    Upload.used_at,
    Media.id.label("media_id"),
    Media.post_id,
    Media.status,
    Media.focal_x,
    Media.focal_y,
    Media.is_public,
    Media.original_key,
    Media.renditions,
).outerjoin(Media, (Media.author_id == Upload.user_id) & (Media.id == Upload.id))


async def find(db: Read, upload_id: UploadId) -> Record | None:
    """An upload as it is now."""
    return (await find_many(db, [upload_id])).get(upload_id)


async def find_many(db: Read, ids: Collection[UploadId]) -> Mapping[UploadId, Record]:
    """Uploads of any owners, those that exist."""
    owners, own = _ids({one.user_id for one in ids}), _ids({one.id for one in ids})
    found = await _records(db, _RECORD.where(Upload.user_id == any_(owners), Upload.id == any_(own)))
    return {one: found[one] for one in ids if one in found}


async def of_owner(db: Read, owner_id: UUID) -> Sequence[Record]:
    """All uploads of one owner."""
    return list((await _records(db, _RECORD.where(Upload.user_id == owner_id))).values())


async def lock(tx: Write, owner_id: UUID, ids: Collection[UUID]) -> Mapping[UploadId, Record]:
    """Uploads of one owner, those that exist; nobody else changes them until the transaction ends."""
    own = (Upload.user_id == owner_id, Upload.id == any_(_ids(ids)))
    await tx.execute(select(Upload.id).where(*own).order_by(Upload.id).with_for_update())
    # A statement that waits for a lock sees other rows as they were before: the medium is read after it.
    return await _records(tx, _RECORD.where(*own))


async def lock_one(tx: Write, upload_id: UploadId) -> Record | None:
    """As `lock`, for one upload."""
    return (await lock(tx, upload_id.user_id, [upload_id.id])).get(upload_id)


async def change_upload(tx: Write, upload_id: UploadId, **values: Any) -> None:
    """Set columns of the upload's row."""
    own = (Upload.user_id == upload_id.user_id, Upload.id == upload_id.id)
    await tx.execute(update(Upload).where(*own).values(**values))


async def change_media(tx: Write, upload_id: UploadId, **values: Any) -> None:
    """Set columns of the medium's row."""
    own = (Media.author_id == upload_id.user_id, Media.id == upload_id.id)
    await tx.execute(update(Media).where(*own).values(**values))


async def forget_media(tx: Write, upload_id: UploadId) -> None:
    """Delete the medium's row; its files follow when the event of it is handled."""
    await tx.execute(delete(Media).where(Media.author_id == upload_id.user_id, Media.id == upload_id.id))


async def _records(db: Read, statement: Executable) -> dict[UploadId, Record]:
    found = [_record(row) for row in await db.all(statement)]
    return {record.id: record for record in found}


def _record(row: Row[Any]) -> Record:
    return Record(
        id=UploadId(row.user_id, row.id),
        state=row.state,
        purpose=row.purpose,
        content_type=row.content_type,
        byte_size=row.byte_size,
        sha256=row.sha256,
        storage_key=row.storage_key,
        failure_code=row.failure_code,
        expires_at=row.expires_at,
        is_used=row.used_at is not None,
        made=None if row.media_id is None else _made(row),
    )


def _made(row: Row[Any]) -> Made:
    return Made(
        post_id=row.post_id,
        status=row.status,
        focal=(row.focal_x, row.focal_y),
        is_public=row.is_public,
        original_key=row.original_key,
        rendition_keys=frozenset(file["key"] for file in row.renditions),
    )


def _ids(ids: Iterable[UUID]) -> Any:
    return literal(list(ids), ARRAY(Uuid))
