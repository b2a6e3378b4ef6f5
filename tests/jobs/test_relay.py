"""From a committed fact to its effect: by hints, and without them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from aperture.worker import QueueWorker, job_context, work
from core.ending import end
from core.events import PostLiked
from core.queue import Queue, arq_client, queue_key
from core.settings import Settings
from jobs import relay
from jobs.base import LIVE, QUEUES, Consequence, JobContext
from jobs.relay import Sweeper, by_name
from tests.jobs.parts import Routes, count, effects, emit, later, liked, open_tasks, relayed, stumble, swept, until

COUNT: Routes = {PostLiked: (count,)}
NOWHERE = "redis://127.0.0.1:1"


async def test_a_hint_brings_a_worker(ctx: JobContext) -> None:
    await emit(ctx.db, liked(), liked())
    worker = asyncio.create_task(QueueWorker(ctx, by_name(COUNT), "default").run())

    await relay.relay(ctx, COUNT)
    await until(lambda: _all_done(ctx))
    await end(worker)

    assert await effects(ctx.db) == 2


async def test_a_repeated_hint_changes_nothing(ctx: JobContext) -> None:
    await emit(ctx.db, liked())
    (task_id,) = await relayed(ctx.db, COUNT)
    for _ in range(5):
        await ctx.queue.hint(task_id, "default")
    worker = asyncio.create_task(QueueWorker(ctx, by_name(COUNT), "default").run())

    await until(lambda: _queue_is_empty(ctx))
    await end(worker)

    assert await effects(ctx.db) == 1


async def test_unreadable_hints_stop_nobody(ctx: JobContext) -> None:
    client = arq_client(ctx.queue.url)
    await client.set("arq:job:garbage", b"\x80\x04 not JSON")
    await client.zadd(queue_key("default"), {"garbage": 1, "vanished": 2})
    await client.enqueue_job("handle", "not an id", _queue_name=queue_key("default"))
    await client.enqueue_job("unknown", _queue_name=queue_key("default"))
    await client.aclose(close_connection_pool=True)
    await emit(ctx.db, liked())
    worker = asyncio.create_task(QueueWorker(ctx, by_name(COUNT), "default").run())

    await relay.relay(ctx, COUNT)
    await until(lambda: _all_done(ctx))
    await until(lambda: _queue_is_empty(ctx))
    await end(worker)

    assert await effects(ctx.db) == 1


async def test_a_relay_that_died_before_its_hints_loses_nothing(ctx: JobContext) -> None:
    await emit(ctx.db, liked(), liked())
    await relayed(ctx.db, COUNT)

    await swept(ctx, COUNT)
    early = await effects(ctx.db)
    with later(2):
        await swept(ctx, COUNT)

    assert early == 0, "hints have two seconds to arrive"
    assert await effects(ctx.db) == 2


async def test_without_a_queue_nobody_waits_for_hints(ctx: JobContext) -> None:
    alone = replace(ctx, queue=Queue(NOWHERE))
    await emit(ctx.db, liked())

    await relay.relay(alone, COUNT)
    await swept(alone, COUNT)

    assert await effects(ctx.db) == 1
    await alone.queue.aclose()


async def test_a_sweep_starts_no_more_than_there_are_hands_and_comes_back_for_the_rest(ctx: JobContext) -> None:
    await emit(ctx.db, *(liked() for _ in range(30)))
    await relayed(ctx.db, COUNT)
    sweeper = Sweeper(ctx, by_name(COUNT))

    with later(3):
        is_behind = await sweeper.sweep()
        await sweeper.finish(10)
        first = await effects(ctx.db)
        while await sweeper.sweep():
            await sweeper.finish(10)
        await sweeper.finish(10)

    assert is_behind
    assert first == QUEUES["default"] < 30
    assert await effects(ctx.db) == 30


async def test_what_people_wait_for_is_done_by_the_relaying_worker_as_far_as_it_has_hands(ctx: JobContext) -> None:
    live = replace(count, queue=LIVE)
    routes: Routes = {PostLiked: (live,)}
    await emit(ctx.db, *(liked() for _ in range(QUEUES[LIVE] + 5)))
    sweeper = Sweeper(ctx, by_name(routes))

    await relay.relay(ctx, routes, sweeper)
    await sweeper.finish(10)
    here = await effects(ctx.db)
    worker = asyncio.create_task(QueueWorker(ctx, by_name(routes), LIVE).run())
    await until(lambda: _all_done(ctx))
    await end(worker)

    assert here == QUEUES[LIVE]
    assert await effects(ctx.db) == QUEUES[LIVE] + 5


async def test_a_busy_queue_leaves_the_others_their_hands(ctx: JobContext) -> None:
    hang = asyncio.Event()

    async def wait(*_: object) -> None:
        await hang.wait()

    stuck = Consequence("stuck", wait, queue="media")
    routes: Routes = {PostLiked: (stuck, count)}
    await emit(ctx.db, *(liked() for _ in range(5)))
    await relayed(ctx.db, routes)
    sweeper = Sweeper(ctx, by_name(routes))

    with later(3):
        await sweeper.sweep()
        await until(lambda: _counted(ctx, 5))
    hang.set()
    await sweeper.finish(10)


async def test_two_consequences_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two consequences are called"):
        by_name({PostLiked: (count, Consequence(count.name, stumble.perform))})


@pytest.mark.parametrize("has_redis", [True, False])
async def test_a_worker_does_everything(config: Settings, *, has_redis: bool) -> None:
    settings = config if has_redis else config.model_copy(update={"redis_url": NOWHERE})
    async with _worker(settings, {PostLiked: (count, Consequence("poison", stumble.perform))}) as ctx:
        await emit(ctx.db, *(liked() for _ in range(10)))

        await until(lambda: _counted(ctx, 10))


async def test_three_workers_do_everything_once(config: Settings) -> None:
    async with _worker(config, COUNT) as ctx, _worker(config, COUNT), _worker(config, COUNT):
        for _ in range(10):
            await emit(ctx.db, *(liked() for _ in range(10)))

        await until(lambda: _counted(ctx, 100))
        await until(lambda: _all_done(ctx))

        assert await effects(ctx.db) == 100


@asynccontextmanager
async def _worker(settings: Settings, routes: Routes) -> AsyncIterator[JobContext]:
    """A worker in this process."""
    async with job_context(settings) as ctx:
        ending = asyncio.Event()
        working = asyncio.create_task(work(ctx, routes, ending))
        yield ctx
        ending.set()
        await working


async def _all_done(ctx: JobContext) -> bool:
    return not await open_tasks(ctx.db)


async def _counted(ctx: JobContext, number: int) -> bool:
    return await effects(ctx.db) >= number


async def _queue_is_empty(ctx: JobContext) -> bool:
    return not await ctx.cache.run(lambda redis: redis.zcard(queue_key("default")))
