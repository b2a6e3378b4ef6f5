"""Profiles, changed by their owners."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from core import clock
from core.db import Write
from core.events import ProfileUpdated
from core.viewer import Viewer
from models.profiles import User
from services import media, mentions, outbox


async def update_profile(tx: Write, viewer: Viewer, changes: Mapping[str, Any]) -> None:
    """Change what `changes` names of one's own profile; `avatar_upload_id` is a ready upload of one's own."""
    values = {name: value for name, value in changes.items() if name != "avatar_upload_id"}
    if "bio" in values:
        values["bio_mentions"] = await mentions.resolve(tx, viewer, values["bio"])
    if "avatar_upload_id" in changes:
        values["avatar_id"] = await media.claim_avatar(tx, viewer, changes["avatar_upload_id"])
    if values:
        await tx.execute(update(User).where(User.id == viewer.user_id).values(**values, updated_at=clock.now()))
        outbox.emit(tx, ProfileUpdated(user_id=viewer.user_id))
