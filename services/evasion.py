"""What a block is worth against other accounts of the person who is blocked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from core import clock
from core.db import Read, Write
from core.events import UserBlocked
from models.stances import ReceivedStance, Stance
from services import follows, kinship, outbox, pairs, parting, stances


@dataclass(frozen=True, slots=True)
class _Cause:
    """Whose block keeps two people apart, and whom it was meant for."""

    blocker_id: UUID
    blocked_id: UUID


async def settle(tx: Write, one: UUID, other: UUID, lifted: UUID | None = None) -> None:
    """Keep two people apart if either blocks an account of the other's human being; again it changes nothing.

    Then each is blocked by the other, so that neither finds the other and nothing tells why. Blocks of their own stay
    as they are. What followed from a block of `lifted` ends, unless there is another such block.
    """
    await pairs.keep_apart(tx, one, other)
    await follows.hold(tx, one, other)
    cause = await _cause(tx, one, other) or await _cause(tx, other, one)
    pair = (other, one) if cause and cause.blocker_id == other else (one, other)
    forth, back = await stances.chosen(tx, *pair), await stances.chosen(tx, *pair[::-1])
    is_own = forth.blocked_at is not None and forth.blocked_via is None
    via = cause.blocked_id if cause and not is_own else None
    for (owner, person), before in ((pair, forth), (pair[::-1], back)):
        is_lifted = lifted is not None and before.blocked_via == lifted
        if is_lifted or (via and before.blocked_at is None):
            since = (before.blocked_at or clock.now()) if via else None
            await stances.choose(tx, owner, person, replace(before, blocked_at=since, blocked_via=via))
    if via and forth.blocked_at is None:
        await parting.end_ties(tx, *pair)
        outbox.emit(tx, UserBlocked(blocker_id=pair[0], blocked_id=pair[1]))


async def lift(tx: Write, blocker_id: UUID, blocked_id: UUID) -> None:
    """End what followed from a block that is lifted in the same transaction."""
    followed = select(Stance.person_id).where(Stance.owner_id == blocker_id, Stance.blocked_via == blocked_id)
    people = {*await tx.scalars(followed), *await kinship.kin(tx, blocked_id)} - {blocker_id}
    for each in sorted(people):
        await settle(tx, blocker_id, each, lifted=blocked_id)


async def blockers(db: Read, user_id: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
    """The next people who block a person, in the order of their ids."""
    received = ReceivedStance.person_id == user_id, ReceivedStance.blocked_at.is_not(None)
    next_ones = select(ReceivedStance.owner_id).where(*received, ReceivedStance.owner_id > (after or UUID(int=0)))
    found: Sequence[UUID] = await db.scalars(next_ones.order_by(ReceivedStance.owner_id).limit(limit))
    return found


async def _cause(tx: Write, blocker_id: UUID, person_id: UUID) -> _Cause | None:
    """A block of somebody's own that was meant for the human being behind another account.

    Who shares a mark with the blocked account is left alone: there, it does not tell one human being from another.
    """
    people = set(await kinship.kin(tx, person_id))
    if people:
        people -= {blocker_id, *await kinship.kin(tx, blocker_id)}
    own = Stance.owner_id == blocker_id, Stance.blocked_at.is_not(None), Stance.blocked_via.is_(None)
    blocks = select(Stance.person_id).where(*own, Stance.person_id.in_(people)).order_by(Stance.blocked_at).limit(1)
    blocked_id = await tx.scalar(blocks) if people else None
    return _Cause(blocker_id, blocked_id) if blocked_id else None
