"""Blocks: neither of two people finds the other, and what was between them ends."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from core import clock
from core.db import Write
from core.events import UserBlocked, UserUnblocked
from core.viewer import Viewer
from models.profiles import User
from services import evasion, follows, outbox, pairs, parting, stances


async def block_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Block a person, whether or not the viewer can find them; again it changes nothing.

    Follows, requests and close friendship end both ways. It is not told whether there is such a person: somebody who
    blocks the viewer, and is not to be found, is blocked like others.
    """
    stances.require_another(viewer, user_id, "You cannot block yourself.")
    await pairs.keep_apart(tx, viewer.user_id, user_id)
    await follows.hold(tx, viewer.user_id, user_id)
    was = await stances.chosen(tx, viewer.user_id, user_id)
    if was.blocked_at is not None and was.blocked_via is None:
        return
    await stances.require_room(tx, viewer.user_id, "blocks", more=1)
    if await tx.scalar(select(User.status).where(User.id == user_id)) in {None, "DELETED"}:
        return
    block = replace(was, blocked_at=clock.now(), blocked_via=None)
    await stances.choose(tx, viewer.user_id, user_id, block)
    await parting.end_ties(tx, viewer.user_id, user_id)
    outbox.emit(tx, UserBlocked(blocker_id=viewer.user_id, blocked_id=user_id))


async def unblock_user(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Lift a block, also of a person who is not to be found; without one nothing changes. It restores nothing.

    What followed from it for other accounts of the person ends, too; a block that follows from another one goes with
    that one alone.
    """
    stances.require_another(viewer, user_id, "You cannot unblock yourself.")
    await follows.hold(tx, viewer.user_id, user_id)
    was = await stances.chosen(tx, viewer.user_id, user_id)
    if was.blocked_at is None or was.blocked_via is not None:
        return
    back = await stances.chosen(tx, user_id, viewer.user_id)
    # Between two who are kept apart by a block of somebody else, that one is in force again.
    followed = back if back.blocked_via else stances.NOTHING
    after = replace(was, blocked_at=followed.blocked_at, blocked_via=followed.blocked_via)
    await stances.choose(tx, viewer.user_id, user_id, after)
    await evasion.lift(tx, viewer.user_id, user_id)
    outbox.emit(tx, UserUnblocked(blocker_id=viewer.user_id, blocked_id=user_id))
