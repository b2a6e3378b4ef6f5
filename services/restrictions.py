"""Restrictions: what a person writes to another one waits for approval, and the person is not told."""

from dataclasses import replace
from uuid import UUID

from core import clock
from core.db import Write
from core.events import UserRestricted, UserUnrestricted
from core.viewer import Viewer
from services import follows, outbox, stances
from services.visibility import profiles


async def restrict_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Restrict a person the viewer can find; again it changes nothing."""
    stances.require_another(viewer, user_id, "You cannot restrict yourself.")
    await follows.hold(tx, viewer.user_id, user_id)
    await profiles.require_user(tx, viewer, user_id)
    was = await stances.chosen(tx, viewer.user_id, user_id)
    if was.restricted_at is not None:
        return
    await stances.choose(tx, viewer.user_id, user_id, replace(was, restricted_at=clock.now()))
    await stances.require_room(tx, viewer.user_id, "restrictions")
    outbox.emit(tx, UserRestricted(owner_id=viewer.user_id, person_id=user_id))


async def unrestrict_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Lift a restriction of a person the viewer can find; without one nothing changes."""
    stances.require_another(viewer, user_id, "You cannot restrict yourself.")
    await follows.hold(tx, viewer.user_id, user_id)
    await profiles.require_user(tx, viewer, user_id)
    was = await stances.chosen(tx, viewer.user_id, user_id)
    if was.restricted_at is None:
        return
    await stances.choose(tx, viewer.user_id, user_id, replace(was, restricted_at=None))
    outbox.emit(tx, UserUnrestricted(owner_id=viewer.user_id, person_id=user_id))
