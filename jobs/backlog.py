"""What waits to be done, measured for the operator."""

from core.ids import age
from core.metrics import OUTBOX_AGE, OUTBOX_WAITING, TASK_AGE, TASKS_DEAD, TASKS_OPEN
from jobs.base import QUEUES, JobContext, every
from jobs.relay import by_name
from jobs.routes import ROUTES
from services import outbox, tasks

_QUEUES = {name: consequence.queue for name, consequence in by_name(ROUTES).items()}


@every(15, "backlog.measure")
async def measure(ctx: JobContext) -> None:
    """Count facts and tasks that wait, and see how old the oldest of them are."""
    async with ctx.db.reading(fresh=True) as db:
        facts, oldest = await outbox.backlog(db)
        found = {each.consequence: each for each in await tasks.backlog(db)}
        _, dead = await tasks.counts(db)
    OUTBOX_WAITING.set(facts)
    OUTBOX_AGE.set(age(oldest) if oldest else 0)
    TASKS_DEAD.set(dead)
    for name, queue in _QUEUES.items():
        TASKS_OPEN.labels(queue, name).set(found[name].count if name in found else 0)
    for queue in QUEUES:
        ages = (age(each.oldest) for name, each in found.items() if _QUEUES.get(name) == queue)
        TASK_AGE.labels(queue).set(max(ages, default=0))
