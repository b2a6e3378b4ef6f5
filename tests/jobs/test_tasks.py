"""One worker at a time, one effect per task, twelve tries, and no task in the way of another."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import update

import jobs.tasks
from core import clock
from core.ending import end
from core.errors import Unavailable
from core.events import PostLiked
from core.ids import new_uuid
from core.redis import CacheUnavailable
from jobs.base import Consequence, JobContext, consequence
from jobs.tasks import handle
from models.tasks import Task
from services import tasks
from services.tasks import Claim, LeaseLost
from tests.jobs.parts import (
    Routes,
    count,
    effects,
    emit,
    handled,
    kept,
    later,
    liked,
    open_tasks,
    relayed,
    stumble,
    swept,
    task_of,
)
from tests.services.locks import until_somebody_waits

COUNT: Routes = {PostLiked: (count,)}
STUMBLE: Routes = {PostLiked: (stumble,)}


async def test_handling_twice_has_one_effect(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)

    await handled(ctx, COUNT, [task_id, task_id])

    assert await effects(ctx.db) == 1


async def test_handling_at_the_same_time_has_one_effect(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)

    await asyncio.gather(*(handled(ctx, COUNT, [task_id]) for _ in range(8)))

    assert await effects(ctx.db) == 1


async def test_a_task_that_never_was_is_nothing_to_do(ctx: JobContext) -> None:
    await handled(ctx, COUNT, [new_uuid()])

    assert await effects(ctx.db) == 0


async def test_a_task_of_another_version_is_left_to_it(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)

    await handled(ctx, STUMBLE, [task_id])
    await swept(ctx, STUMBLE)

    assert (await kept(ctx.db, task_id)).tries == 0


async def test_a_lease_that_ran_out_is_taken_over_and_the_late_result_dropped(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)
    first = await _claim(ctx, task_id)

    with later(tasks.LEASE.total_seconds() + 1):
        second = await _claim(ctx, task_id)
        await ctx.db.write(lambda tx: tasks.finish(tx, second))

    with pytest.raises(LeaseLost):
        await ctx.db.write(lambda tx: tasks.finish(tx, first))


async def test_a_renewed_lease_is_not_taken_over(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)
    claim = await _claim(ctx, task_id)
    with later(tasks.LEASE.total_seconds() - 1):
        await ctx.db.write(lambda tx: tasks.renew(tx, claim))

    with later(tasks.LEASE.total_seconds() + 1):
        await handled(ctx, COUNT, [task_id])

    assert await effects(ctx.db) == 0


async def test_work_ends_when_its_lease_is_lost(ctx: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.tasks, "RENEW_SECONDS", 0.01)
    began, stopped = asyncio.Event(), asyncio.Event()

    @consequence(kind="outside")
    async def linger(_ctx: JobContext, _event: PostLiked, _claim: Claim) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    task_id = await task_of(ctx, {PostLiked: (linger,)})
    work = asyncio.create_task(handled(ctx, {PostLiked: (linger,)}, [task_id]))
    await began.wait()
    with later(tasks.LEASE.total_seconds() * 2):
        thief = await _claim(ctx, task_id, linger.name)
        await ctx.db.write(lambda tx: tasks.finish(tx, thief))
    await work

    assert stopped.is_set()
    assert (await kept(ctx.db, task_id)).tries == 2


async def test_a_failure_takes_its_effect_back_and_rests(ctx: JobContext) -> None:
    task_id = await task_of(ctx, STUMBLE)

    await handled(ctx, STUMBLE, [task_id, task_id])

    row = await kept(ctx.db, task_id)
    assert await effects(ctx.db) == 0
    assert row.tries == 1, "resting: the second hint came too early"
    assert row.last_error.startswith("ZeroDivisionError at parts.py:")


async def test_rests_grow_from_two_seconds_to_sixty_and_end_with_the_twelfth_try(ctx: JobContext) -> None:
    task_id = await task_of(ctx, STUMBLE)
    rests, at = [], 0.0

    for _ in range(12):
        with later(at):
            now = clock.now()
            await handled(ctx, STUMBLE, [task_id])
            rests.append((await kept(ctx.db, task_id)).next_at - now)
            at += rests[-1].total_seconds()

    assert [rest.total_seconds() for rest in rests[:7]] == [2, 4, 8, 16, 32, 60, 60]
    assert await open_tasks(ctx.db) == 0
    async with ctx.db.reading(fresh=True) as db:
        (dead,) = await tasks.dead(db, 10)
    assert (dead.id, dead.consequence, dead.event, dead.tries) == (task_id, stumble.name, "PostLiked", 12)


async def test_a_dead_task_can_be_tried_again(ctx: JobContext) -> None:
    task_id = await _dead(ctx, stumble)

    revived = await ctx.db.write(lambda tx: tasks.retry(tx, task_id))
    mended = Consequence(stumble.name, count.perform)
    await swept(ctx, {PostLiked: (mended,)})

    assert revived
    assert await effects(ctx.db) == 1


async def test_only_dead_tasks_are_retried(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)

    assert not await ctx.db.write(lambda tx: tasks.retry(tx, task_id))
    assert not await ctx.db.write(lambda tx: tasks.retry(tx, new_uuid()))


@pytest.mark.parametrize("outage", [Unavailable, CacheUnavailable])
async def test_an_outage_never_buries_a_task(ctx: JobContext, outage: type[Exception]) -> None:
    @consequence(kind="outside", tries=2)
    async def reach_out(_ctx: JobContext, _event: PostLiked, _claim: Claim) -> None:
        raise outage

    task_id = await task_of(ctx, {PostLiked: (reach_out,)})

    for hour in range(1, 5):
        with later(hour * 3600):
            await handled(ctx, {PostLiked: (reach_out,)}, [task_id])

    row = await kept(ctx.db, task_id)
    assert (row.tries, row.dead_at) == (1, None)


async def test_a_task_that_ends_the_process_each_time_is_buried(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)
    for hour in range(1, 13):
        with later(hour * 3600):
            await _claim(ctx, task_id)

    with later(13 * 3600):
        await handled(ctx, COUNT, [task_id])

    row = await kept(ctx.db, task_id)
    assert row.dead_at is not None
    assert row.last_error.startswith("Perished")
    assert await effects(ctx.db) == 0


async def test_a_poison_row_stops_nobody(ctx: JobContext) -> None:
    poison = Consequence("poison", stumble.perform)
    routes: Routes = {PostLiked: (poison, count)}
    await emit(ctx.db, *(liked() for _ in range(5)))
    await relayed(ctx.db, routes)

    with later(3):
        await swept(ctx, routes)

    assert await effects(ctx.db) == 5


async def test_a_payload_nobody_can_read_fails_alone(ctx: JobContext) -> None:
    task_id = await task_of(ctx, COUNT)
    await emit(ctx.db, liked())

    await ctx.db.write(lambda tx: tx.execute(update(Task).where(Task.id == task_id).values(payload={"post_id": 7})))
    await relayed(ctx.db, COUNT)
    with later(3):
        await swept(ctx, {PostLiked: (count,)})

    assert (await kept(ctx.db, task_id)).tries == 1
    assert await effects(ctx.db) == 1


async def test_work_beyond_its_time_is_a_failure(ctx: JobContext) -> None:
    @consequence(kind="outside", timeout=0.01)
    async def dawdle(_ctx: JobContext, _event: PostLiked, _claim: Claim) -> None:
        await asyncio.Event().wait()

    task_id = await task_of(ctx, {PostLiked: (dawdle,)})

    await handled(ctx, {PostLiked: (dawdle,)}, [task_id])

    assert (await kept(ctx.db, task_id)).last_error.startswith("TimeoutError")


async def test_interrupted_work_is_given_back_untried(ctx: JobContext) -> None:
    began = asyncio.Event()

    @consequence(kind="outside")
    async def work(_ctx: JobContext, _event: PostLiked, _claim: Claim) -> None:
        began.set()
        await asyncio.Event().wait()

    task_id = await task_of(ctx, {PostLiked: (work,)})
    handling = asyncio.create_task(handle(ctx, {work.name: work}, task_id))
    await began.wait()
    await end(handling)

    row = await kept(ctx.db, task_id)
    assert (row.tries, row.lease_until) == (0, None)


async def test_a_task_in_pieces_goes_on_where_it_stopped(ctx: JobContext) -> None:
    seen: list[int] = []

    @consequence(kind="outside")
    async def count_to_five(ctx: JobContext, _event: PostLiked, claim: Claim) -> None:
        for number in range(claim.position["next"] if claim.position else 1, 6):
            if number == 3 and claim.tries == 1:
                raise ConnectionError
            seen.append(number)
            position = {"next": number + 1}
            await ctx.db.write(lambda tx: tasks.advance(tx, claim, position))  # noqa: B023 - awaited at once

    task_id = await task_of(ctx, {PostLiked: (count_to_five,)})
    await handled(ctx, {PostLiked: (count_to_five,)}, [task_id])
    with later(3):
        await handled(ctx, {PostLiked: (count_to_five,)}, [task_id])

    assert seen == [1, 2, 3, 4, 5]
    assert await open_tasks(ctx.db) == 0


async def test_done_and_dead_tasks_are_forgotten_after_their_time(ctx: JobContext) -> None:
    done, waiting = await task_of(ctx, COUNT), await task_of(ctx, COUNT)
    await handled(ctx, COUNT, [done])
    dead = await _dead(ctx, stumble)

    with later(365 * 24 * 3600):
        now = clock.now()
        await ctx.db.write(lambda tx: tasks.purge(tx, done_before=now, dead_before=now))

    assert await kept(ctx.db, done) is None
    assert await kept(ctx.db, dead) is None
    assert await kept(ctx.db, waiting) is not None


async def test_a_dead_task_revived_during_a_purge_stays(ctx: JobContext) -> None:
    dead = await _dead(ctx, stumble)

    with later(365 * 24 * 3600):
        now = clock.now()
        async with ctx.db.transaction() as tx:
            assert await tasks.retry(tx, dead)
            purge = asyncio.create_task(
                ctx.db.write(lambda other: tasks.purge(other, done_before=now, dead_before=now))
            )
            await until_somebody_waits(ctx.db)
        await purge

    assert await kept(ctx.db, dead) is not None


async def _claim(ctx: JobContext, task_id: UUID, name: str = count.name) -> Claim:
    claim = await ctx.db.write(lambda tx: tasks.claim(tx, task_id, [name]))
    assert claim is not None
    return claim


async def _dead(ctx: JobContext, kind: Consequence) -> UUID:
    hasty = Consequence(kind.name, kind.perform, tries=1)
    task_id = await task_of(ctx, {PostLiked: (hasty,)})
    await handled(ctx, {PostLiked: (hasty,)}, [task_id])
    return task_id
