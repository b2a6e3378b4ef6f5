"""What waits is measured: facts before the relay, tasks after it, and those that are dead."""

from core.metrics import REGISTRY
from jobs import backlog
from jobs.base import JobContext
from jobs.relay import relay
from jobs.routes import ROUTES
from services import tasks
from tests.jobs.parts import emit, liked


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"aperture_{name}", labels)


async def test_facts_and_tasks_that_wait_are_counted_with_the_age_of_the_oldest(ctx: JobContext) -> None:
    await emit(ctx.db, liked(), liked())
    await backlog.measure.work(ctx)
    facts = shown("outbox_waiting"), shown("tasks_open", queue="live", consequence="topics.post")
    age = shown("outbox_age_seconds")

    await relay(ctx, ROUTES)
    await backlog.measure.work(ctx)
    made = shown("outbox_waiting"), shown("tasks_open", queue="live", consequence="topics.post")

    assert (facts, made) == ((2, 0), (0, 2))
    assert age is not None
    assert age > 0
    assert shown("outbox_age_seconds") == 0
    assert shown("task_age_seconds", queue="live") != 0
    assert shown("task_age_seconds", queue="media") == 0


async def test_dead_tasks_are_counted(ctx: JobContext) -> None:
    await emit(ctx.db, liked())
    await relay(ctx, ROUTES)
    async with ctx.db.reading(fresh=True) as db:
        (task_id,) = await tasks.due(db, ["topics.post"], 1, without_hints=True)
    claim = await ctx.db.write(lambda tx: tasks.claim(tx, task_id, ["topics.post"]))
    assert claim is not None
    await ctx.db.write(lambda tx: tasks.fail(tx, claim, "NoReason", 1))

    await backlog.measure.work(ctx)

    assert shown("tasks_dead") == 1
    assert shown("tasks_open", queue="live", consequence="topics.post") == 0
