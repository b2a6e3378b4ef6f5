"""Periodic work has one turn per period, whoever takes it and whatever happens to them."""

import asyncio
from datetime import timedelta

import pytest

from core.ending import end
from core.events import PostLiked
from core.redis import CacheUnavailable
from jobs import schedule
from jobs.base import JobContext, Periodic
from jobs.counters import fold
from services import counters, event_log, periodic
from tests.jobs.parts import Routes, count, effects, emit, handled, later, liked, relayed, until

PERIOD = 60.0


class Turns:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self, _ctx: JobContext) -> None:
        self.done += 1


async def test_many_workers_take_one_turn_per_period(ctx: JobContext) -> None:
    turns = Turns()
    work = Periodic("count", PERIOD, turns)

    for period in range(3):
        with later(period * (PERIOD + 1)):
            await asyncio.gather(*(schedule.turn(ctx, work) for _ in range(5)))

    assert turns.done == 3


async def test_a_turn_that_failed_comes_back(ctx: JobContext) -> None:
    async def fail(_ctx: JobContext) -> None:
        raise ZeroDivisionError

    turns = Turns()
    with pytest.raises(ZeroDivisionError):
        await schedule.turn(ctx, Periodic("count", PERIOD, fail))
    with later(PERIOD + 1):
        await schedule.turn(ctx, Periodic("count", PERIOD, turns))

    assert turns.done == 1


async def test_the_turn_of_a_worker_that_died_is_taken_when_its_lease_has_run_out(ctx: JobContext) -> None:
    turns = Turns()
    work = Periodic("count", 1, turns)
    second, minute = timedelta(seconds=1), timedelta(minutes=1)
    assert await ctx.db.write(lambda tx: periodic.take(tx, "count", second, minute))

    with later(30):
        await schedule.turn(ctx, work)
    during = turns.done
    with later(61):
        await schedule.turn(ctx, work)

    assert (during, turns.done) == (0, 1)


async def test_a_worker_is_seen_while_it_gives_signs(ctx: JobContext) -> None:
    async with ctx.db.reading(fresh=True) as db:
        assert not await periodic.has_worker(db)
        await schedule.show_worker.work(ctx)
        assert await periodic.has_worker(db)
        with later(11):
            assert not await periodic.has_worker(db)


async def test_folding_changes_no_count(ctx: JobContext) -> None:
    events = [liked() for _ in range(3)]
    await emit(ctx.db, *events)
    routes: Routes = {PostLiked: (count,)}
    await handled(ctx, routes, await relayed(ctx.db, routes))

    await asyncio.gather(*(fold.work(ctx) for _ in range(3)))

    async with ctx.db.reading(fresh=True) as db:
        numbers = await counters.read(db, [(event.author_id, event.post_id) for event in events])
    assert [dict(each) for each in numbers.values()] == [{"likes": 1}] * 3
    assert await effects(ctx.db) == 3


async def test_all_periodic_work_bears_an_empty_world_and_runs_twice(ctx: JobContext) -> None:
    for work in (*schedule.SCHEDULE, *schedule.PULSE) * 2:
        await work.work(ctx)


async def test_work_that_fails_or_finds_no_redis_comes_back_by_itself(
    ctx: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = iter([ZeroDivisionError, CacheUnavailable])
    turns = Turns()

    async def stumble_twice(ctx: JobContext) -> None:
        if error := next(errors, None):
            raise error
        await turns(ctx)

    monkeypatch.setattr(schedule, "PULSE", (Periodic("stumble", 0.01, stumble_twice),))
    monkeypatch.setattr(schedule, "SCHEDULE", ())
    running = asyncio.create_task(schedule.run_forever(ctx))

    await until(lambda: _has(turns, 2))
    await end(running)


async def _has(turns: Turns, number: int) -> bool:
    return turns.done >= number


async def test_the_log_is_purged_after_a_day(ctx: JobContext) -> None:
    marks = await ctx.db.write(lambda tx: event_log.watch(tx, ["a"]))

    with later(2 * event_log.KEPT.total_seconds() + 1):
        await schedule.purge_event_log.work(ctx)
        async with ctx.db.reading(fresh=True) as db:
            assert await event_log.hole(db, marks) == "SERVER_RESTART"
