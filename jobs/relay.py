"""From the outbox to the workers: facts become tasks, tasks are hinted, and what no hint reached is swept up."""

import asyncio
from collections.abc import Collection, Mapping
from uuid import UUID

from core.bell import BellListener
from core.ending import end
from core.errors import Unavailable
from core.events import Event
from jobs.base import LIVE, QUEUES, Consequence, JobContext, Routes
from jobs.tasks import handle
from services import outbox, tasks
from services.outbox import Route

BATCH = 200
SWEEP_SECONDS = 1.0


def by_name(routes: Routes) -> dict[str, Consequence]:
    """Every consequence by the name its tasks carry; raises `ValueError` if two share one."""
    found: dict[str, Consequence] = {}
    for consequences in routes.values():
        for consequence in consequences:
            if found.setdefault(consequence.name, consequence) is not consequence:
                raise ValueError(f"two consequences are called {consequence.name}")
    return found


async def relay(ctx: JobContext, routes: Routes, sweeper: "Sweeper | None" = None) -> int:
    """Make tasks of one batch of facts and hint at them; returns how many tasks were made.

    The tasks are committed before the first hint, so a process that dies in between leaves them to the sweepers. Live
    ones are begun here if there is a sweeper with a hand free: a hint would take longer than they do.
    """
    map_ = {
        name: [Route(consequence.name, consequence.queue) for consequence in routes.get(event, ())]
        for name, event in Event.registry.items()
    }
    made = await ctx.db.write(lambda tx: outbox.relay_batch(tx, map_, BATCH))
    left = [(task, queue) for task, queue in made if not (sweeper and queue == LIVE and sweeper.take(task, queue))]
    await asyncio.gather(*(ctx.queue.hint(task_id, queue) for task_id, queue in left))
    return len(made)


async def relay_forever(ctx: JobContext, routes: Routes, sweeper: "Sweeper") -> None:
    """Relay at each ring of a bell and once a second; while hints do not arrive, call the sweeper instead."""
    listener = BellListener(ctx.settings.database_url)
    try:
        while True:
            try:
                made = await relay(ctx, routes, sweeper)
            except Unavailable:
                made = 0
            if ctx.queue.is_away:
                sweeper.call()
            if not made:
                await listener.wait(SWEEP_SECONDS)
    finally:
        await listener.aclose()


async def finish(running: Collection[asyncio.Task[None]], seconds: float) -> None:
    """Wait for handled tasks to end, and cancel those that take longer: they give themselves back."""
    if running:
        _, late = await asyncio.wait(running, timeout=seconds)
        await end(*late)


class Sweeper:
    """Does the tasks that no hint brought to a worker: after a crash, after a failure, and without Redis."""

    def __init__(self, ctx: JobContext, consequences: Mapping[str, Consequence]) -> None:
        self._ctx = ctx
        self._consequences = consequences
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._busy = dict.fromkeys(QUEUES, 0)
        self._called = asyncio.Event()

    def call(self) -> None:
        """Sweep now, not at the next second."""
        self._called.set()

    def take(self, task_id: UUID, queue: str) -> bool:
        """Do a task now, if one of the queue's hands is free."""
        is_free = self._busy[queue] < QUEUES[queue]
        if is_free:
            self._start(task_id, queue)
        return is_free

    async def sweep_forever(self) -> None:
        """Sweep once a second, and again as soon as hands are free while more is due than they could take."""
        while True:
            self._called.clear()
            try:
                is_behind = await self.sweep()
            except Unavailable:
                is_behind = False
            pause = asyncio.create_task(self._called.wait())
            hands = self._running.values() if is_behind else ()
            try:
                await asyncio.wait({pause, *hands}, timeout=SWEEP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finally:
                pause.cancel()

    async def sweep(self) -> bool:
        """Start as many due tasks of each queue as hands are free; True if one queue had work for all of them."""
        is_behind = False
        for queue, size in QUEUES.items():
            names = [name for name, consequence in self._consequences.items() if consequence.queue == queue]
            free = size - self._busy[queue]
            if names and free > 0:
                async with self._ctx.db.reading(fresh=True) as db:
                    found = await tasks.due(db, names, free, without_hints=self._ctx.queue.is_away)
                for task_id in found:
                    self._start(task_id, queue)
                is_behind = is_behind or len(found) == free
        return is_behind

    async def finish(self, seconds: float) -> None:
        """Let what runs come to its end; what takes longer is given back."""
        await finish(self._running.values(), seconds)

    def _start(self, task_id: UUID, queue: str) -> None:
        if task_id in self._running:
            return
        self._busy[queue] += 1
        task = asyncio.create_task(handle(self._ctx, self._consequences, task_id))
        self._running[task_id] = task
        task.add_done_callback(lambda _: self._ended(task_id, queue))

    def _ended(self, task_id: UUID, queue: str) -> None:
        del self._running[task_id]
        self._busy[queue] -= 1
