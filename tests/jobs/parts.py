"""A fact, consequences of it that can be counted, and the worker's steps in one word each."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from core import clock
from core.db import Database, Write
from core.events import Event, PostLiked
from core.ids import new_uuid
from jobs.base import Consequence, JobContext, consequence
from jobs.relay import Sweeper, by_name
from jobs.tasks import handle
from models.counters import Counter, CounterDelta
from models.tasks import Task
from services import counters, outbox, tasks
from services.outbox import Route

Routes = Mapping[type[Any], Sequence[Consequence]]


def liked() -> PostLiked:
    """Somebody liked something."""
    return PostLiked(author_id=new_uuid(), post_id=new_uuid(), liker_id=new_uuid())


@consequence(kind="in_transaction")
async def count(tx: Write, event: PostLiked) -> None:
    """An effect in PostgreSQL that shows how often it happened."""
    counters.add(tx, event.author_id, event.post_id, likes=1)


@consequence(kind="in_transaction")
async def stumble(tx: Write, event: PostLiked) -> None:
    """An effect that is taken back each time."""
    counters.add(tx, event.author_id, event.post_id, likes=1)
    raise ZeroDivisionError


async def emit(db: Database, *events: Event) -> None:
    """Commit facts."""
    async with db.transaction() as tx:
        for event in events:
            outbox.emit(tx, event)


async def relayed(db: Database, routes: Routes) -> list[UUID]:
    """Make tasks of all facts; nobody is told."""
    names = {event.__name__: [Route(each.name, each.queue) for each in routes[event]] for event in routes}
    return [task_id for task_id, _ in await db.write(lambda tx: outbox.relay_batch(tx, names, 100))]


async def task_of(ctx: JobContext, routes: Routes) -> UUID:
    """The one task of one fact."""
    await emit(ctx.db, liked())
    (task_id,) = await relayed(ctx.db, routes)
    return task_id


async def swept(ctx: JobContext, routes: Routes) -> None:
    """One sweep, and the end of all it began."""
    sweeper = Sweeper(ctx, by_name(routes))
    await sweeper.sweep()
    await sweeper.finish(10)


async def handled(ctx: JobContext, routes: Routes, task_ids: Sequence[UUID]) -> None:
    """What a hint brings about."""
    for task_id in task_ids:
        await handle(ctx, by_name(routes), task_id)


async def effects(db: Database) -> int:
    """How often anything was counted, folded or not."""
    async with db.reading(fresh=True) as read:
        deltas, values = func.coalesce(func.sum(CounterDelta.delta), 0), func.coalesce(func.sum(Counter.value), 0)
        both = select(select(deltas).scalar_subquery() + select(values).scalar_subquery())
        return int(await read.scalar(both))


async def open_tasks(db: Database) -> int:
    """How many tasks are neither done nor dead."""
    async with db.reading(fresh=True) as read:
        return (await tasks.counts(read))[0]


async def kept(db: Database, task_id: UUID) -> Any:
    """The row of a task."""
    async with db.reading(fresh=True) as read:
        return await read.first(select(Task).where(Task.id == task_id))


def later(seconds: float) -> AbstractContextManager[None]:
    """The clock stopped that far from now."""
    return clock.frozen(clock.now() + timedelta(seconds=seconds))


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Look again and again until it holds; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in servers and other processes
            await asyncio.sleep(0.02)
