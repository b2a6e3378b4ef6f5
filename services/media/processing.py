"""From complete to ready: what the rows of an upload say while the worker is at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import update

from core import clock
from core.db import Write
from core.events import UploadCompleted, UploadFinished, UploadProgressed
from core.ids import UploadId
from core.imaging.pictures import Focal, Picture
from models.media import Upload
from services import outbox
from services.media import records
from services.visibility.rows import RenditionRow

Stage = Literal["QUEUED", "INSPECTING", "RENDERING", "PUBLISHING"]

KEPT_UNUSED = timedelta(hours=24)
FRACTIONS: dict[Stage, float] = {"QUEUED": 0.0, "INSPECTING": 0.1, "RENDERING": 0.3, "PUBLISHING": 0.8}

_PROGRESS_OVER = {"stage": None, "fraction": 1.0}


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the worker made: the picture cut around `focal`, its files in storage, and the checksum of the original."""

    picture: Picture
    focal: Focal
    sha256: str | None
    files: Sequence[RenditionRow]


async def start(tx: Write, upload_id: UploadId, **found: object) -> None:
    """Hand a complete upload to the worker, from the beginning; `found` is what else is known of it now."""
    now = clock.now()
    queued = {"state": "PROCESSING", "stage": "QUEUED", "fraction": FRACTIONS["QUEUED"]}
    await records.change_upload(
        tx,
        upload_id,
        **queued,
        completed_at=now,
        expires_at=now + KEPT_UNUSED,
        received_bytes=Upload.byte_size,
        **found,
    )
    await records.change_media(tx, upload_id, status="PROCESSING")
    outbox.emit(tx, UploadCompleted(user_id=upload_id.user_id, upload_id=upload_id.id))


async def advance(tx: Write, upload_id: UploadId, stage: Stage) -> None:
    """Tell that a stage has begun; a try that goes over the same ground again tells nothing."""
    fraction = FRACTIONS[stage]
    own = (Upload.user_id == upload_id.user_id, Upload.id == upload_id.id)
    moved = await tx.scalar(
        update(Upload)
        .where(*own, Upload.state == "PROCESSING", Upload.fraction < fraction)
        .values(stage=stage, fraction=fraction)
        .returning(Upload.id)
    )
    if moved:
        outbox.emit(tx, UploadProgressed(user_id=upload_id.user_id, upload_id=upload_id.id))


async def keep_original(tx: Write, upload_id: UploadId, key: str) -> None:
    """Remember where the original is kept."""
    await records.change_media(tx, upload_id, original_key=key)


async def finish(tx: Write, upload_id: UploadId, rendered: Rendered) -> bool:
    """Make the upload ready; False, and nothing changed, if it has ended or is to be cut elsewhere meanwhile."""
    record = await records.lock_one(tx, upload_id)
    if record is None or record.made is None or record.state != "PROCESSING" or record.made.focal != rendered.focal:
        return False
    picture = rendered.picture
    await records.change_upload(tx, upload_id, state="READY", sha256=rendered.sha256, **_PROGRESS_OVER)
    await records.change_media(
        tx,
        upload_id,
        status="READY",
        width=picture.width,
        height=picture.height,
        blurhash=picture.blurhash,
        dominant_color=picture.dominant_color,
        placeholder=picture.placeholder,
        renditions=[file._asdict() for file in rendered.files],
    )
    _tell_finished(tx, upload_id)
    return True


async def fail(tx: Write, upload_id: UploadId, code: str) -> None:
    """Give an upload up for a reason that is an `UploadFailureCode`; changes nothing once it is settled."""
    record = await records.lock_one(tx, upload_id)
    if record is not None and record.state in {"OPEN", "PROCESSING"}:
        await give_up(tx, upload_id, state="FAILED", failure_code=code)


async def give_up(tx: Write, upload_id: UploadId, **ending: object) -> None:
    """End a locked upload without a picture; a post that waits for it fails."""
    await records.change_upload(tx, upload_id, **ending, **_PROGRESS_OVER)
    await records.change_media(tx, upload_id, status="FAILED")
    _tell_finished(tx, upload_id)


def _tell_finished(tx: Write, upload_id: UploadId) -> None:
    outbox.emit(tx, UploadFinished(user_id=upload_id.user_id, upload_id=upload_id.id))
