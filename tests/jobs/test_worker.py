"""A worker's process that is killed or asked to end: nothing is lost, nothing is cut short."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.events import PostUnliked
from core.ids import new_uuid
from jobs.base import JobContext
from services import periodic, tasks
from tests.jobs.mortal import BEGAN, EFFECTS, ENDED
from tests.jobs.parts import emit, liked, open_tasks, until

ROOT = Path(__file__).parents[2]


async def test_a_worker_killed_between_effect_and_mark_is_made_good_by_the_next(ctx: JobContext) -> None:
    await emit(ctx.db, liked())
    with _process() as first:
        await until(lambda: _has_ended(first))

    # The lease of the killed worker has run out for a worker whose clock is ahead of it.
    with _process(APERTURE_CLOCK_SHIFT_SECONDS=str(tasks.LEASE.total_seconds() + 1)):
        await until(lambda: _is_all_done(ctx))

    assert first.returncode == -signal.SIGKILL
    assert await ctx.cache.run(lambda redis: redis.scard(EFFECTS)) == 1


async def test_a_worker_asked_to_end_finishes_what_it_began_and_takes_nothing_more(ctx: JobContext) -> None:
    unliked = PostUnliked(author_id=new_uuid(), post_id=new_uuid(), liker_id=new_uuid())
    await emit(ctx.db, unliked)
    with _process() as worker:
        await until(lambda: _has_begun(ctx))
        async with ctx.db.reading(fresh=True) as db:
            assert await periodic.has_worker(db)
        worker.terminate()
        await emit(ctx.db, unliked)
        await until(lambda: _has_ended(worker))

    assert worker.returncode == 0
    assert await ctx.cache.run(lambda redis: redis.get(ENDED)) == b"1"
    assert await ctx.cache.run(lambda redis: redis.get(BEGAN)) == b"1"


@contextmanager
def _process(**more: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.jobs.mortal"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | more)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


async def _has_begun(ctx: JobContext) -> bool:
    return await ctx.cache.run(lambda redis: redis.get(BEGAN)) is not None


async def _is_all_done(ctx: JobContext) -> bool:
    return not await open_tasks(ctx.db)
