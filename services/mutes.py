"""Mutes: what of a person somebody does not want to meet, and may look up all the same."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final
from uuid import UUID

from core import clock
from core.db import Write
from core.events import MutesChanged
from core.viewer import Viewer
from services import follows, outbox, stances
from services.visibility import profiles

TARGETS: Final = ("POSTS", "STORIES", "MESSAGES")
"""The values of `MuteTarget`, in their order."""


async def mute_user(tx: Write, viewer: Viewer, user_id: UUID, targets: Collection[str]) -> None:
    """Mute exactly these `MuteTarget`s of a person the viewer can find, none lifts all; again it changes nothing."""
    stances.require_another(viewer, user_id, "You cannot mute yourself.")
    await follows.hold(tx, viewer.user_id, user_id)
    await profiles.require_user(tx, viewer, user_id)
    was = await stances.chosen(tx, viewer.user_id, user_id)
    mutes = tuple(each for each in TARGETS if each in targets)
    if was.mutes == mutes:
        return
    muted_at = was.muted_at or clock.now() if mutes else None
    await stances.choose(tx, viewer.user_id, user_id, replace(was, mutes=mutes, muted_at=muted_at))
    await stances.require_room(tx, viewer.user_id, "mutes")
    outbox.emit(tx, MutesChanged(owner_id=viewer.user_id, person_id=user_id))
