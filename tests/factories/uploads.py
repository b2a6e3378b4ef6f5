"""Uploads as they stand after some of their steps, without any bytes."""

from typing import Any

from sqlalchemy import insert, update

from core import clock
from core.db import Database, Write
from core.ids import UploadId, new_uuid
from core.viewer import Viewer
from models.media import Media, Upload
from services.media.announcing import OPEN_FOR
from services.media.files import incoming_key

_STATUS = {"OPEN": "UPLOADING", "PROCESSING": "PROCESSING", "READY": "READY", "FAILED": "FAILED"}


async def upload(db: Database, owner: Viewer, state: str = "READY", purpose: str = "POST") -> UploadId:
    """A picture on its way to a post of its owner."""
    upload_id, now = UploadId(owner.user_id, new_uuid()), clock.now()

    async def work(tx: Write) -> None:
        row: dict[str, Any] = {"user_id": upload_id.user_id, "id": upload_id.id, "state": state, "purpose": purpose}
        row |= {
            "content_type": "image/jpeg",
            "byte_size": 9,
            "storage_key": incoming_key(upload_id),
            "received_bytes": 9,
        }
        row |= {"fraction": 1.0, "created_at": now, "expires_at": now + OPEN_FOR}
        await tx.execute(insert(Upload).values(row))
        picture: dict[str, Any] = {"author_id": upload_id.user_id, "id": upload_id.id, "status": _STATUS[state]}
        picture |= {"width": 1080, "height": 1350, "focal_x": 0.5, "focal_y": 0.5, "is_public": False}
        await tx.execute(insert(Media).values(**picture, renditions=[], created_at=now))

    await db.write(work)
    return upload_id


async def finish(db: Database, upload_id: UploadId, state: str = "READY") -> None:
    """What processing leaves behind, without the event that tells of it."""

    async def work(tx: Write) -> None:
        own = (Upload.user_id == upload_id.user_id, Upload.id == upload_id.id)
        await tx.execute(update(Upload).where(*own).values(state=state))
        own = (Media.author_id == upload_id.user_id, Media.id == upload_id.id)
        await tx.execute(update(Media).where(*own).values(status=_STATUS[state]))

    await db.write(work)
