"""Tasks: who works on which consequence, how often it was tried, and what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Row, Text, Uuid, any_, cast, delete, func, literal, or_, select, update

from core import clock
from core.db import Read, Write
from core.ids import new_uuid
from models.tasks import Task

LEASE = timedelta(seconds=15)
HINT_TIME = timedelta(seconds=2)
LONGEST_REST = timedelta(seconds=60)


class LeaseLost(Exception):
    """The task is no longer ours: the lease ran out and another worker may have it. Our result is dropped."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task somebody works on; `tries` counts this one, `position` is how far earlier tries came."""

    id: UUID
    outbox_id: UUID
    consequence: str
    event: str
    payload: dict[str, Any]
    request_id: str | None
    traceparent: str | None
    position: dict[str, Any] | None
    tries: int
    token: UUID


@dataclass(frozen=True, slots=True)
class DeadTask:
    """A task that failed in every try and waits for the operator."""

    id: UUID
    consequence: str
    event: str
    payload: dict[str, Any]
    tries: int
    dead_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many tasks of one consequence are open; `oldest` is the fact behind one of them."""

    consequence: str
    count: int
    oldest: UUID


_OPEN = (Task.done_at.is_(None), Task.dead_at.is_(None))


def _free(now: datetime) -> Any:
    return or_(Task.lease_until.is_(None), Task.lease_until < now)


def _of(consequences: Collection[str]) -> Any:
    return Task.consequence == any_(literal(list(consequences), ARRAY(Text)))


def _mine(claim: Claim) -> Any:
    return (Task.id == claim.id) & (Task.lease_token == claim.token) & Task.done_at.is_(None)


def row_for(entry: Row[Any], consequence: str, now: datetime) -> dict[str, Any]:
    """A fresh task for a fact of the outbox; a sweeper takes it if no hint has brought a worker in two seconds."""
    return {
        "id": new_uuid(),
        "outbox_id": entry.id,
        "consequence": consequence,
        "event": entry.event,
        "payload": entry.payload,
        "request_id": entry.request_id,
        "traceparent": entry.traceparent,
        "next_at": now + HINT_TIME,
        "tries": 0,
    }


async def claim(tx: Write, task_id: UUID, known: Collection[str]) -> Claim | None:
    """Take a task for the length of a lease; None when it is done, dead, resting, taken or of a kind not `known`.

    The try is counted here, so that a task which ends the process each time runs out of tries as well.
    """
    now, token = clock.now(), uuid4()
    taken = await tx.execute(
        update(Task)
        .where(Task.id == task_id, *_OPEN, _free(now), or_(Task.tries == 0, Task.next_at <= now))
        .where(_of(known))
        .values(lease_until=now + LEASE, lease_token=token, tries=Task.tries + 1)
        .returning(
            Task.id,
            Task.outbox_id,
            Task.consequence,
            Task.event,
            Task.payload,
            Task.request_id,
            Task.traceparent,
            Task.position,
            Task.tries,
        )
    )
    row = taken.mappings().first()
    return None if row is None else Claim(**row, token=token)


async def renew(tx: Write, claim: Claim) -> None:
    """Hold the task for another lease; raises `LeaseLost`."""
    await _change(tx, claim, lease_until=clock.now() + LEASE)


async def advance(tx: Write, claim: Claim, position: dict[str, Any]) -> None:
    """Remember how far a task in pieces has come, so that the next try goes on from there; raises `LeaseLost`."""
    await _change(tx, claim, position=position, lease_until=clock.now() + LEASE)


async def finish(tx: Write, claim: Claim) -> None:
    """Mark it done; in the transaction of its effect, `LeaseLost` takes the effect back."""
    await _change(tx, claim, done_at=clock.now(), lease_until=None, last_error=None)


async def fail(tx: Write, claim: Claim, error: str, most_tries: int, *, is_outage: bool = False) -> bool:
    """Let it rest for 2, 4, 8 .. 60 seconds, or bury it after its last try (then True); raises `LeaseLost`.

    A part of the service that is away says nothing about the task: an outage never uses up the last try.
    """
    tries = min(claim.tries, most_tries - 1) if is_outage else claim.tries
    now, is_dead = clock.now(), tries >= most_tries
    rest = min(timedelta(seconds=2 ** min(tries, 10)), LONGEST_REST)
    death = {"dead_at": now} if is_dead else {}
    await _change(tx, claim, tries=tries, next_at=now + rest, lease_until=None, last_error=error, **death)
    return is_dead


async def give_back(tx: Write, claim: Claim) -> None:
    """Leave a task that was interrupted to others, as if it had not been tried; raises `LeaseLost`."""
    await _change(tx, claim, lease_until=None, next_at=clock.now(), tries=Task.tries - 1)


async def _change(tx: Write, claim: Claim, **values: Any) -> None:
    changed = await tx.execute(update(Task).where(_mine(claim)).values(**values))
    if not changed.rowcount:
        raise LeaseLost


async def due(db: Read, consequences: Collection[str], limit: int, *, without_hints: bool = False) -> Sequence[UUID]:
    """Open tasks of these consequences that nobody works on, the longest waiting first.

    Fresh ones are due when their hint had two seconds to arrive; at once when there are no hints.
    """
    now = clock.now()
    is_due = Task.next_at <= now
    return await db.scalars(
        select(Task.id)
        .where(_of(consequences), *_OPEN, _free(now))
        .where(or_(is_due, Task.tries == 0) if without_hints else is_due)
        .order_by(Task.next_at)
        .limit(limit)
    )


async def dead(db: Read, limit: int) -> list[DeadTask]:
    """Tasks out of tries, the latest first."""
    rows = await db.execute(
        select(Task.id, Task.consequence, Task.event, Task.payload, Task.tries, Task.dead_at, Task.last_error)
        .where(Task.dead_at.is_not(None))
        .order_by(Task.dead_at.desc())
        .limit(limit)
    )
    return [DeadTask(**row) for row in rows.mappings()]


async def retry(tx: Write, task_id: UUID) -> bool:
    """Give a dead task all its tries again; False when there is no such dead task."""
    revived = await tx.execute(
        update(Task)
        .where(Task.id == task_id, Task.dead_at.is_not(None))
        .values(dead_at=None, tries=0, next_at=clock.now(), lease_until=None)
    )
    return bool(revived.rowcount)


async def counts(db: Read) -> tuple[int, int]:
    """How many tasks are open, and how many dead."""
    row = await db.first(
        select(
            func.count().filter(Task.dead_at.is_(None)).label("open"),
            func.count().filter(Task.dead_at.is_not(None)).label("dead"),
        ).where(Task.done_at.is_(None))
    )
    return (row.open, row.dead) if row else (0, 0)


async def backlog(db: Read) -> list[Backlog]:
    """The open tasks of each consequence that has any."""
    # The text of a UUID sorts as the UUID does, and has a least one in every version of the server.
    oldest = func.min(cast(Task.outbox_id, Text))
    by_consequence = select(Task.consequence, func.count().label("open"), oldest.label("oldest")).where(*_OPEN)
    rows = await db.all(by_consequence.group_by(Task.consequence))
    return [Backlog(row.consequence, row.open, UUID(row.oldest)) for row in rows]


async def waiting(db: Read) -> int:
    """How many tasks are still to be done."""
    return (await counts(db))[0]


async def purge(tx: Write, done_before: datetime, dead_before: datetime, limit: int = 5000) -> int:
    """Forget tasks done, or dead and untouched, since these moments, at most `limit` of them; returns how many."""
    is_old = or_(Task.done_at < done_before, Task.dead_at < dead_before)
    old = await tx.scalars(select(Task.id).where(is_old).limit(limit))
    # Asked again, since a dead task may have been revived between the two statements.
    await tx.execute(delete(Task).where(Task.id == any_(literal(old, ARRAY(Uuid))), is_old))
    return len(old)
