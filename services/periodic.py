"""Turns of periodic work: one worker at a time, one turn per period, whatever happens to the workers."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db import Read, Write
from models.periodic import Periodic

WORKER = "worker"
_ALIVE = timedelta(seconds=10)


async def take(tx: Write, name: str, every: timedelta, lease: timedelta) -> bool:
    """Take the turn that is due, for the length of the lease; False when it is not due or another worker has it."""
    now = clock.now()
    turn = upsert(Periodic).values(name=name, next_at=now + every, lease_until=now + lease)
    taken = turn.on_conflict_do_update(
        index_elements=[Periodic.name],
        set_={"next_at": now + every, "lease_until": now + lease},
        where=(Periodic.next_at <= now) & or_(Periodic.lease_until.is_(None), Periodic.lease_until < now),
    )
    return await tx.scalar(taken.returning(Periodic.name)) is not None


async def end(tx: Write, name: str) -> None:
    """Let others take the next turn."""
    await tx.execute(update(Periodic).where(Periodic.name == name).values(lease_until=None))


async def show_worker(tx: Write) -> None:
    """A worker's sign of life, to be given every few seconds."""
    now = clock.now()
    sign = upsert(Periodic).values(name=WORKER, next_at=now, lease_until=None)
    await tx.execute(sign.on_conflict_do_update(index_elements=[Periodic.name], set_={"next_at": now}))


async def has_worker(db: Read) -> bool:
    """Whether a worker gave a sign of life within ten seconds."""
    seen: datetime | None = await db.scalar(select(Periodic.next_at).where(Periodic.name == WORKER))
    return seen is not None and seen > clock.now() - _ALIVE
