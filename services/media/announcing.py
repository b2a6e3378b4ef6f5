"""Announcing a file: what may be uploaded, and the requests that send its bytes."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, insert, select

from core import clock
from core.db import Read, Write
from core.errors import Invalid, Refusals, Unavailable
from core.ids import UploadId
from core.imaging.pictures import CENTRE, MAX_BYTES, MAX_PIXELS, MAX_SIDE
from core.imaging.sniff import accepted_types
from core.storage.port import MissingObject, ObjectStore, SignedRequest
from core.viewer import Viewer
from models.media import Media, Upload
from services.media import files, processing
from services.visibility.rows import UploadRow

CONTENT_TYPES = accepted_types()
PURPOSES = ("POST", "AVATAR")
SIGNED_FOR = timedelta(minutes=15)
OPEN_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A file as its sender describes it; `sha256` is in hexadecimal."""

    purpose: str
    content_type: str
    byte_size: int
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    file_name: str | None = None


def check(announced: Announcement) -> None:
    """Refuse a file that could not be used, with everything that speaks against it."""
    reasons = list(_objections(announced))
    if reasons:
        raise Refusals(reasons)


async def begin_upload(
    tx: Write, viewer: Viewer, upload_id: UploadId, announced: Announcement, *, is_here: bool = False
) -> UploadId:
    """Expect a file for a day; one whose original `is_here` already goes to work at once."""
    now = clock.now()
    owner = {"id": upload_id.id, "created_at": now}
    await tx.execute(
        insert(Upload).values(
            **owner,
            user_id=viewer.user_id,
            state="OPEN",
            purpose=announced.purpose,
            file_name=announced.file_name,
            content_type=announced.content_type,
            byte_size=announced.byte_size,
            sha256=announced.sha256,
            storage_key=files.incoming_key(upload_id),
            received_bytes=0,
            fraction=0.0,
            expires_at=now + OPEN_FOR,
        )
    )
    await tx.execute(
        insert(Media).values(
            **owner,
            author_id=viewer.user_id,
            status="UPLOADING",
            width=announced.width,
            height=announced.height,
            focal_x=CENTRE[0],
            focal_y=CENTRE[1],
            is_public=False,
            original_key=files.original_key(upload_id) if is_here else None,
            renditions=[],
        )
    )
    if is_here:
        await processing.start(tx, upload_id)
    return upload_id


async def find_same(db: Read, viewer: Viewer, announced: Announcement) -> str | None:
    """Where the original of the same file is kept, if the viewer has sent it for the same purpose before."""
    if announced.sha256 is None:
        return None
    # unguarded: the file is the viewer's own
    key: str | None = await db.scalar(
        select(Media.original_key)
        .join(Upload, (Upload.user_id == Media.author_id) & (Upload.id == Media.id))
        .where(Upload.user_id == viewer.id, Upload.sha256 == announced.sha256, Upload.state == "READY")
        .where(Upload.purpose == announced.purpose, Upload.content_type == announced.content_type)
        .where(Upload.byte_size == announced.byte_size)
        .limit(1)
    )
    return key


async def bring(store: ObjectStore, original_key: str, upload_id: UploadId) -> bool:
    """Give a new upload a copy of a kept original; False if there is none to be had now."""
    with suppress(MissingObject, Unavailable):
        await store.copy(original_key, files.original_key(upload_id))
        return True
    return False


def sign(store: ObjectStore, upload: UploadRow) -> SignedRequest:
    """The request that sends the bytes of an open upload: exactly the announced ones, within fifteen minutes."""
    return store.sign_put(upload.storage_key, upload.content_type, upload.byte_size, upload.sha256, SIGNED_FOR)


async def find_sent(store: ObjectStore, uploads: Sequence[UploadRow]) -> set[UploadId]:
    """Those of open uploads whose bytes are in storage already; none while the store is away."""
    try:
        found = await asyncio.gather(*(store.head(upload.storage_key) for upload in uploads))
    except Unavailable:
        return set()
    return {upload.id for upload, there in zip(uploads, found, strict=True) if there}


async def count_in_process(db: Read) -> int:
    """How many uploads the workers still have to finish."""
    statement = select(func.count()).select_from(Upload).where(Upload.state == "PROCESSING")
    count: int = await db.scalar(statement)
    return count


def _objections(announced: Announcement) -> Iterator[Invalid]:
    if announced.content_type not in CONTENT_TYPES:
        message = f"This kind of file is not taken. Send one of {', '.join(CONTENT_TYPES)}."
        yield Invalid("INVALID", message, _at("contentType"))
    if announced.byte_size > MAX_BYTES:
        message = f"A picture has at most {MAX_BYTES // 1_000_000} MB."
        yield Invalid("OUT_OF_RANGE", message, _at("byteSize"), constraint="max", limit=MAX_BYTES)
    if announced.byte_size < 1:
        yield Invalid("OUT_OF_RANGE", "The file is empty.", _at("byteSize"), constraint="min", limit=1)
    for name, side in (("width", announced.width), ("height", announced.height)):
        if side is None:
            yield Invalid("REQUIRED", f"The {name} of the picture is needed.", _at(name))
        elif side > MAX_SIDE:
            message = f"A picture has at most {MAX_SIDE} pixels a side."
            yield Invalid("OUT_OF_RANGE", message, _at(name), constraint="max", limit=MAX_SIDE)
    if (announced.width or 0) * (announced.height or 0) > MAX_PIXELS:
        message = f"A picture has at most {MAX_PIXELS // 1_000_000} million pixels."
        yield Invalid("OUT_OF_RANGE", message, _at("width"))


def _at(name: str) -> tuple[str, str]:
    return ("input", name)
