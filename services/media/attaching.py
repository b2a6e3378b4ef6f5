"""Using uploads: in a post, or as the picture of a profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from core import clock
from core.db import Write
from core.errors import Invalid, MediaRefused, NotFound, Path
from core.ids import PostId, UploadId
from core.viewer import Viewer
from models.profiles import User
from services.media import processing, records
from services.media.records import Record
from services.tags import Tag

_AVATAR_PATH = ("input", "avatarUploadId")


@dataclass(frozen=True, slots=True)
class Attachment:
    """An upload for a post; `focal` is the point that stays visible when it is cut, `path` its place in the input."""

    upload_id: UploadId
    alt_text: str | None = None
    focal: tuple[float, float] | None = None
    tags: Sequence[Tag] = ()
    path: Path = ()


async def attach(tx: Write, viewer: Viewer, post_id: PostId, attachments: Sequence[Attachment]) -> bool:
    """Use one's own unused uploads in a post; True if all of them are ready, else the post waits for them.

    Refuses uploads that are unknown, of another person, used already, of another purpose, or that failed.
    """
    found = await _locked(tx, viewer, [each.upload_id for each in attachments])
    seen: set[UploadId] = set()
    for each in attachments:
        path = (*each.path, "uploadId")
        _require_unused(_require_own(found, each.upload_id, path), "POST", path)
        if each.upload_id in seen:
            raise Invalid("INVALID", "This picture stands in the post already.", path)
        seen.add(each.upload_id)
    ready = [await _use(tx, post_id, position, each, found) for position, each in enumerate(attachments)]
    return all(ready)


async def claim_avatar(tx: Write, viewer: Viewer, upload_id: UploadId | None) -> UUID | None:
    """Use one's own ready upload as the profile picture, or none; the one before goes as an unused upload does.

    Answers the id for the profile.
    """
    avatar_id = await tx.scalar(select(User.avatar_id).where(User.id == viewer.user_id).with_for_update())
    current = UploadId(viewer.user_id, avatar_id) if avatar_id else None
    if upload_id != current:
        if upload_id is not None:
            await _claim(tx, viewer, upload_id)
        if current is not None:
            await records.change_upload(tx, current, used_at=None)
    return upload_id.id if upload_id else None


async def _claim(tx: Write, viewer: Viewer, upload_id: UploadId) -> None:
    record = _require_own(await _locked(tx, viewer, [upload_id]), upload_id, _AVATAR_PATH)
    _require_unused(record, "AVATAR", _AVATAR_PATH)
    if record.state != "READY":
        owner = (upload_id.user_id, upload_id.id)
        raise MediaRefused("MEDIA_NOT_READY", "The picture is not ready yet.", _AVATAR_PATH, owner)
    await records.change_upload(tx, upload_id, used_at=clock.now())


async def _locked(tx: Write, viewer: Viewer, ids: Sequence[UploadId]) -> Mapping[UploadId, Record]:
    return await records.lock(tx, viewer.user_id, [one.id for one in ids if one.user_id == viewer.id])


def _require_own(found: Mapping[UploadId, Record], upload_id: UploadId, path: Path) -> Record:
    try:
        return found[upload_id]
    except KeyError:
        raise NotFound(path, id=str(upload_id)) from None


def _require_unused(record: Record, purpose: str, path: Path) -> None:
    if record.made is None or record.state == "FAILED":
        message = "This file cannot be used. Upload it again."
        raise MediaRefused("MEDIA_REJECTED", message, path, (record.id.user_id, record.id.id))
    if record.purpose != purpose:
        raise Invalid("INVALID", "This file was uploaded for something else.", path)
    if record.is_used:
        raise Invalid("INVALID", "This file is used already.", path)


async def _use(
    tx: Write, post_id: PostId, position: int, attachment: Attachment, found: Mapping[UploadId, Record]
) -> bool:
    """Give one picture its place; answers whether it is ready. To be cut around another point, it is rendered again."""
    record = found[attachment.upload_id]
    before = record.made.focal if record.made else None
    x, y = focal = attachment.focal or before or (0.5, 0.5)
    place = {"post_id": post_id.id, "position": position, "alt_text": attachment.alt_text, "focal_x": x, "focal_y": y}
    await records.change_media(tx, record.id, **place)
    await records.change_upload(tx, record.id, used_at=clock.now())
    is_ready = record.state == "READY"
    if is_ready and focal != before:
        await processing.start(tx, record.id)
        return False
    return is_ready
