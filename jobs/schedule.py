"""Work that comes back by itself, and its turns."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from core import clock
from core.db import Write
from core.errors import Unavailable
from core.metrics import PERIODIC_FAILURES
from core.redis import CacheUnavailable
from core.telemetry import logger
from jobs import accounts, auth, backlog, counters, mails, posts, suggestions
from jobs.base import JobContext, Periodic, every
from jobs.media import sweeping
from services import event_log, idempotency, outbox, periodic, tasks
from services.auth import challenges
from services.providers import attempts

log = logger(__name__)

_KEPT = timedelta(hours=24)
_DEAD_KEPT = timedelta(days=7)
LONGEST_TURN = timedelta(seconds=60)
_AT_ONCE = 5000
_LOOK_SECONDS = 30.0
_OUTAGES = (Unavailable, CacheUnavailable)


@every(1, "epochs.watch")
async def watch_epoch(ctx: JobContext) -> None:
    """Notice a restarted Redis also while nobody reads."""
    await ctx.epochs.current(fresh=True)


@every(3, "worker.sign")
async def show_worker(ctx: JobContext) -> None:
    """Say that a worker lives."""
    await ctx.db.write(periodic.show_worker)


@every(60, "clock.measure")
async def measure_clock(ctx: JobContext) -> None:
    """Follow the database's time."""
    await ctx.db.measure_clock()


@every(600, "event_log.purge")
async def purge_event_log(ctx: JobContext) -> None:
    """Forget events and topics of more than a day ago."""
    before = clock.now() - event_log.KEPT
    await _purge(ctx, lambda tx: event_log.purge(tx, before, _AT_ONCE))


@every(600, "idempotency.purge")
async def purge_idempotency_keys(ctx: JobContext) -> None:
    """Forget keys of more than a day ago."""
    before = clock.now() - idempotency.KEPT_FOR
    await _purge(ctx, lambda tx: idempotency.purge(tx, before, _AT_ONCE))


@every(600, "challenges.purge")
async def purge_challenges(ctx: JobContext) -> None:
    """Forget log-ins that nobody can complete any more."""
    await _purge(ctx, lambda tx: challenges.purge(tx, _AT_ONCE))


@every(600, "tasks.purge")
async def purge_tasks(ctx: JobContext) -> None:
    """Forget facts and finished tasks after a day, dead ones after a week."""
    done, dead = clock.now() - _KEPT, clock.now() - _DEAD_KEPT
    await _purge(ctx, lambda tx: tasks.purge(tx, done, dead, _AT_ONCE))
    await _purge(ctx, lambda tx: outbox.purge(tx, done, _AT_ONCE))


@every(600, "provider_log_ins.purge")
async def purge_provider_log_ins(ctx: JobContext) -> None:
    """Forget attempts to log in at a provider that ended an hour ago."""
    before = clock.now() - timedelta(hours=1)
    await _purge(ctx, lambda tx: attempts.purge(tx, before, _AT_ONCE))


async def _purge(ctx: JobContext, some: Callable[[Write], Awaitable[int]]) -> None:
    """Forget in pieces, each well within the time limit of a statement."""
    while await ctx.db.write(some) == _AT_ONCE:
        pass


PULSE: tuple[Periodic, ...] = (watch_epoch, show_worker, measure_clock, backlog.measure)
"""What each worker does for itself."""

SCHEDULE: tuple[Periodic, ...] = (
    counters.fold,
    purge_event_log,
    purge_idempotency_keys,
    purge_challenges,
    purge_tasks,
    purge_provider_log_ins,
    mails.purge_codes,
    sweeping.complete_silent,
    sweeping.expire_uploads,
    sweeping.sweep_store,
    posts.erase_deleted_posts,
    auth.turn_keys,
    accounts.erase_accounts,
    accounts.purge_handles,
    suggestions.count_popular,
    suggestions.hand_out,
)
"""What one worker does for all, in turns that PostgreSQL hands out."""


async def run_forever(ctx: JobContext) -> None:
    """Run both, each piece of work in a loop of its own; what fails is logged and comes back at its next turn."""
    loops = [_repeat(work.name, partial(work.work, ctx), work.seconds) for work in PULSE]
    loops += [_repeat(work.name, partial(turn, ctx, work), min(work.seconds, _LOOK_SECONDS)) for work in SCHEDULE]
    await asyncio.gather(*loops)


async def turn(ctx: JobContext, work: Periodic) -> None:
    """Do the work if its turn has come and no other worker has it; it has a minute."""
    period = timedelta(seconds=work.seconds)
    if not await ctx.db.write(lambda tx: periodic.take(tx, work.name, period, LONGEST_TURN)):
        return
    try:
        async with asyncio.timeout(LONGEST_TURN.total_seconds()):
            await work.work(ctx)
    finally:
        await ctx.db.write(lambda tx: periodic.end(tx, work.name))


async def _repeat(name: str, work: Callable[[], Awaitable[None]], seconds: float) -> None:
    while True:
        try:
            await work()
        except _OUTAGES:
            log.info("periodic work waits", work=name)
        except Exception:
            PERIODIC_FAILURES.labels(name).inc()
            log.exception("periodic work failed", work=name)
        await asyncio.sleep(seconds)
