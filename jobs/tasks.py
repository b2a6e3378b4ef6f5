"""One task from claim to end: held by a lease, bound in time, tried again, buried."""

import asyncio
import traceback
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from core import tracing
from core.db import Database
from core.ending import end
from core.errors import Unavailable
from core.events import event_of
from core.ids import age
from core.metrics import TASK_DELAY, TASK_SECONDS, TASKS
from core.redis import CacheUnavailable
from core.telemetry import logger, serving
from jobs.base import Consequence, JobContext
from services import tasks
from services.tasks import Claim, LeaseLost

log = logger(__name__)

_OUTAGES = (Unavailable, CacheUnavailable)
RENEW_SECONDS = tasks.LEASE.total_seconds() / 3


class Perished(Exception):
    """The process ended in the task's last try."""


async def handle(ctx: JobContext, consequences: Mapping[str, Consequence], task_id: UUID) -> None:
    """Do a task, unless it is done, resting, taken by another or unknown to this version of the program.

    Raises nothing: a failure is kept with the task, and what cannot be kept there is logged and left to the sweepers.
    """
    try:
        claim = await ctx.db.write(lambda tx: tasks.claim(tx, task_id, consequences.keys()))
        if claim is not None:
            about: tracing.About = {"aperture.event": claim.event, "aperture.tries": claim.tries}
            trace = tracing.span(f"task {claim.consequence}", "consumer", claim.traceparent, about)
            with serving(claim.request_id or ""), trace:
                await _hold(ctx, consequences[claim.consequence], claim)
    except Unavailable:
        log.info("task waits for the database", task=str(task_id))
    except LeaseLost:
        log.warning("lease lost", task=str(task_id))
    except Exception:
        log.exception("task not handled", task=str(task_id))


async def _hold(ctx: JobContext, consequence: Consequence, claim: Claim) -> None:
    outcome = "LOST"
    try:
        with TASK_SECONDS.labels(consequence.name).time():
            await _attempt(ctx, consequence, claim)
        outcome = "DONE"
        TASK_DELAY.labels(consequence.queue).observe(age(claim.outbox_id))
    except LeaseLost:
        raise
    except asyncio.CancelledError:
        outcome = "GIVEN_BACK"
        await asyncio.shield(_give_back(ctx.db, claim))
        raise
    except Exception as error:  # noqa: BLE001 - whatever a consequence raises is kept with its task
        outcome = await _fail(ctx.db, consequence, claim, error)
    finally:
        TASKS.labels(consequence.name, outcome).inc()


async def _attempt(ctx: JobContext, consequence: Consequence, claim: Claim) -> None:
    if claim.tries > consequence.tries:
        raise Perished
    event = event_of(claim.event, claim.payload)
    work = asyncio.ensure_future(consequence.perform(ctx, event, claim))
    keeper = asyncio.create_task(_keep(ctx.db, claim))
    try:
        done, _ = await asyncio.wait({work, keeper}, timeout=consequence.timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise TimeoutError
        await (work if work in done else keeper)
    finally:
        await end(work, keeper)


async def _keep(db: Database, claim: Claim) -> None:
    """Renew the lease until it is lost; while the database is away the lease may run out, and `finish` will tell."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        with suppress(Unavailable):
            await db.write(lambda tx: tasks.renew(tx, claim))


async def _fail(db: Database, consequence: Consequence, claim: Claim, error: Exception) -> str:
    """Keep the failure with the task; answers what has become of it."""
    fields = {"task": str(claim.id), "consequence": claim.consequence, "tries": claim.tries}
    is_dead = await db.write(
        lambda tx: tasks.fail(tx, claim, _told(error), consequence.tries, is_outage=isinstance(error, _OUTAGES))
    )
    if is_dead:
        log.error("task buried", exc_info=error, **fields)
        return "DEAD"
    log.warning("task failed", exc_info=error, **fields)
    return "FAILED"


async def _give_back(db: Database, claim: Claim) -> None:
    with suppress(Unavailable, LeaseLost):
        await db.write(lambda tx: tasks.give_back(tx, claim))


def _told(error: Exception) -> str:
    """The class of an error and its place; its message may hold what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
