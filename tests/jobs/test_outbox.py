"""Facts are committed with their change, and each becomes exactly one task per consequence."""

import asyncio

import pytest
from sqlalchemy import func, select

from core.bell import BellListener, OutboxBell
from core.db import Database, Write
from core.events import PostLiked, PostUnliked
from core.settings import Settings
from core.telemetry import serving
from jobs.base import JobContext
from models.tasks import Task
from services import outbox, tasks
from tests.jobs.parts import count, emit, liked, open_tasks, relayed, stumble


async def test_a_fact_vanishes_with_its_transaction(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await db.write(_change_of_mind)

    assert await relayed(db, {PostLiked: (count,)}) == []


async def test_a_fact_becomes_one_task_per_consequence(db: Database) -> None:
    await emit(db, liked())

    made = await relayed(db, {PostLiked: (count, stumble)})
    again = await relayed(db, {PostLiked: (count, stumble)})

    assert len(made) == 2
    assert again == []


async def test_relays_at_the_same_time_share_the_facts(db: Database) -> None:
    await emit(db, *(liked() for _ in range(250)))

    rounds = await asyncio.gather(*(relayed(db, {PostLiked: (count,)}) for _ in range(4)))
    rounds.append(await relayed(db, {PostLiked: (count,)}))

    made = [task_id for batch in rounds for task_id in batch]
    assert len(made) == len(set(made)) == await open_tasks(db) == 250


async def test_facts_of_a_newer_version_wait_for_it(db: Database) -> None:
    await emit(db, liked())

    assert await relayed(db, {PostUnliked: (count,)}) == []
    assert len(await relayed(db, {PostLiked: (count,)})) == 1


async def test_a_fact_without_consequences_is_relayed_once(db: Database) -> None:
    await emit(db, liked())

    await relayed(db, {PostLiked: ()})

    assert await relayed(db, {PostLiked: (count,)}) == []


async def test_the_request_id_travels_with_the_fact(ctx: JobContext) -> None:
    with serving("request-7"):
        await emit(ctx.db, liked())
    (task_id,) = await relayed(ctx.db, {PostLiked: (count,)})

    claim = await ctx.db.write(lambda tx: tasks.claim(tx, task_id, [count.name]))

    assert claim is not None
    assert claim.request_id == "request-7"


async def test_what_was_relayed_is_forgotten_after_its_time_and_nothing_else(db: Database) -> None:
    await emit(db, liked())
    (task_id,) = await relayed(db, {PostLiked: (count,)})
    await emit(db, liked())
    async with db.reading(fresh=True) as read:
        made_at = await read.scalar(select(func.max(Task.next_at)).where(Task.id == task_id))

    await db.write(lambda tx: outbox.purge(tx, made_at))

    assert len(await relayed(db, {PostLiked: (count,)})) == 1


async def test_a_commit_rings_and_a_rollback_does_not(config: Settings, db: Database) -> None:
    bell, listener = OutboxBell(config.database_url), BellListener(config.database_url)
    outbox.hang(bell)
    try:
        assert await listener.wait(5), "listening begins with a ring: what came before was not heard"
        with pytest.raises(ZeroDivisionError):
            await db.write(_change_of_mind)
        assert not await listener.wait(0.1)
        await emit(db, liked())
        assert await listener.wait(5)
    finally:
        outbox.hang(None)
        await listener.aclose()
        await bell.aclose()


async def test_a_burst_of_commits_rings_a_few_times_at_most(config: Settings) -> None:
    bell, listener = OutboxBell(config.database_url), BellListener(config.database_url)
    try:
        await listener.wait(5)
        for _ in range(1000):
            bell.ring()
        assert await listener.wait(5)
        rings = 1
        while await listener.wait(0.2):
            rings += 1
        assert rings <= 2
    finally:
        await listener.aclose()
        await bell.aclose()


async def test_without_a_server_the_bell_is_silent_and_waiting_runs_its_time() -> None:
    nowhere = "postgresql://aperture@/none?host=/nowhere"
    bell, listener = OutboxBell(nowhere), BellListener(nowhere)

    bell.ring()
    heard = await listener.wait(0.05)
    await bell.aclose()
    await listener.aclose()

    assert not heard


async def _change_of_mind(tx: Write) -> None:
    outbox.emit(tx, liked())
    raise ZeroDivisionError
