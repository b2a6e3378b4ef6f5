"""The outbox: facts written with the change they tell of, and turned into tasks once they are committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, delete, func, insert, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute

from core import clock, tracing
from core.bell import OutboxBell
from core.db import Read, Write
from core.events import Event
from core.ids import new_uuid
from core.telemetry import request_id
from models.outbox import OutboxEntry
from models.tasks import Task
from services import tasks

_bell: OutboxBell | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One consequence of an event: its name, and the queue whose workers are told."""

    consequence: str
    queue: str


def hang(bell: OutboxBell | None) -> None:
    """Let this process ring `bell` after each commit that wrote a fact; None takes the bell down."""
    global _bell  # noqa: PLW0603 - one bell per process
    _bell = bell


def emit(tx: Write, event: Event) -> None:
    """Write a fact in this transaction; what follows from it happens after the commit, at least once."""
    row = {
        "id": new_uuid(),
        "event": type(event).__name__,
        "payload": event.to_json(),
        "request_id": request_id() or None,
        "traceparent": tracing.traceparent(),
        "created_at": clock.now(),
    }
    tx.later(OutboxEntry, row)
    if _bell is not None:
        tx.after_commit(_bell.ring)


async def relay_batch(tx: Write, routes: Mapping[str, Sequence[Route]], limit: int) -> list[tuple[UUID, str]]:
    """Turn the oldest facts into one task per consequence; returns the tasks with their queues.

    Events without an entry in `routes` are left: a newer version of this program knows what follows from them.
    """
    entries = await tx.all(
        select(OutboxEntry)
        .where(OutboxEntry.relayed_at.is_(None), _among(OutboxEntry.event, list(routes), Text))
        .order_by(OutboxEntry.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if not entries:
        return []
    now = clock.now()
    pairs = [(entry, route) for entry in entries for route in routes[entry.event]]
    rows = [tasks.row_for(entry, route.consequence, now) for entry, route in pairs]
    if rows:
        await tx.execute(insert(Task), rows)
    await tx.execute(
        update(OutboxEntry).where(_among(OutboxEntry.id, [entry.id for entry in entries], Uuid)).values(relayed_at=now)
    )
    return [(row["id"], route.queue) for row, (_, route) in zip(rows, pairs, strict=True)]


async def backlog(db: Read) -> tuple[int, UUID | None]:
    """How many facts wait for the relay, and the id of the oldest one."""
    is_waiting = OutboxEntry.relayed_at.is_(None)
    oldest = select(OutboxEntry.id).where(is_waiting).order_by(OutboxEntry.id).limit(1).scalar_subquery()
    counted = select(func.count().label("waiting"), oldest.label("oldest")).select_from(OutboxEntry).where(is_waiting)
    row = await db.first(counted)
    return (row.waiting, row.oldest) if row else (0, None)


async def waiting(db: Read) -> int:
    """How many facts wait for the relay."""
    return (await backlog(db))[0]


async def purge(tx: Write, relayed_before: datetime, limit: int = 5000) -> int:
    """Forget facts whose tasks were made before this moment, at most `limit`; the tasks carry what they need."""
    old = await tx.scalars(select(OutboxEntry.id).where(OutboxEntry.relayed_at < relayed_before).limit(limit))
    await tx.execute(delete(OutboxEntry).where(_among(OutboxEntry.id, old, Uuid)))
    return len(old)


def _among(column: InstrumentedAttribute[Any], values: Sequence[Any], type_: type[Text | Uuid[UUID]]) -> Any:
    return column == any_(literal(values, ARRAY(type_)))
