"""The worker process: relay, sweeper, periodic work and the queue's workers, in one loop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, cast
from uuid import UUID

from arq.worker import Worker, func
from redis.exceptions import WatchError

from aperture import metrics
from core import telemetry, tracing
from core.backends import Backends
from core.bell import OutboxBell
from core.ending import end
from core.loop_lag import LoopLag
from core.mail import open_mail
from core.queue import JOB, Queue, arq_client, deserialize, queue_key, serialize
from core.redis import AWAY
from core.settings import Settings
from core.sms import open_sms
from jobs import relay, schedule
from jobs.base import QUEUES, Consequence, JobContext, Routes
from jobs.relay import Sweeper, finish
from jobs.routes import ROUTES
from jobs.sandbox import Sandbox
from jobs.tasks import handle
from services import outbox
from services.epochs import Epochs

FINISH_SECONDS: Final = 25.0
RESTART_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 0.1

log = telemetry.logger(__name__)


def run(settings: Settings, routes: Routes = ROUTES) -> None:
    """Work until SIGTERM or SIGINT; then take nothing more, and finish what runs within 25 seconds."""
    telemetry.configure(settings.log_level, shows_messages=settings.is_development)
    logging.getLogger("arq").setLevel(logging.ERROR)
    end_tracing = tracing.configure("aperture-worker")
    try:
        asyncio.run(_run(settings, routes))
    finally:
        end_tracing()


async def _run(settings: Settings, routes: Routes) -> None:
    ending = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ending.set)
    async with metrics.shown(settings), job_context(settings) as ctx:
        await work(ctx, routes, ending)


@asynccontextmanager
async def job_context(settings: Settings) -> AsyncIterator[JobContext]:
    """Everything a job may reach, closed at the end; facts that jobs write ring the bell as well."""
    async with AsyncExitStack() as stack:
        backends = Backends.open(settings)
        stack.push_async_callback(backends.aclose)
        queue, bell = Queue(settings.queue_url), OutboxBell(settings.database_url)
        stack.push_async_callback(queue.aclose)
        stack.push_async_callback(bell.aclose)
        outbox.hang(bell)
        stack.callback(outbox.hang, None)
        yield JobContext(
            settings=settings,
            db=backends.db,
            cache=backends.cache,
            epochs=Epochs(backends.db, backends.cache),
            queue=queue,
            pubsub=backends.pubsub,
            store=backends.store,
            sandbox=await stack.enter_async_context(Sandbox()),
            mail=open_mail(settings),
            sms=open_sms(settings),
        )


async def work(ctx: JobContext, routes: Routes, ending: asyncio.Event) -> None:
    """Do all kinds of work until `ending` is set, then finish what runs."""
    consequences = relay.by_name(routes)
    sweeper = Sweeper(ctx, consequences)
    queues = [QueueWorker(ctx, consequences, queue) for queue in QUEUES]
    async with _running(*(queue.run for queue in queues)):
        async with _running(
            partial(relay.relay_forever, ctx, routes, sweeper),
            sweeper.sweep_forever,
            partial(schedule.run_forever, ctx),
            LoopLag().run,
        ):
            await ending.wait()
        log.info("ending")
        await asyncio.gather(sweeper.finish(FINISH_SECONDS), *(queue.finish(FINISH_SECONDS) for queue in queues))


@asynccontextmanager
async def _running(*loops: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run loops that should never end while the block runs; one that ends is begun again after a pause."""
    tasks = [asyncio.create_task(_again_and_again(loop)) for loop in loops]
    try:
        yield
    finally:
        await end(*tasks)


async def _again_and_again(loop: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await loop()
        except Exception:
            log.exception("begun again")
        await asyncio.sleep(RESTART_SECONDS)


class HintTaker(Worker):
    """arq's worker. A hint it cannot strike off, since Redis has just gone, comes again and finds its task done."""

    async def finish_job(self, *of: Any, **more: Any) -> None:
        with suppress(*AWAY):
            await super().finish_job(*of, **more)


class QueueWorker:
    """Handles what the hints of one queue name. arq ends whenever its Redis goes away; `run` ends with it."""

    def __init__(self, ctx: JobContext, consequences: Mapping[str, Consequence], queue: str) -> None:
        self._ctx = ctx
        self._consequences = consequences
        self._queue = queue
        self._running: set[asyncio.Task[Any]] = set()
        self._takes = True
        self._worker: Worker | None = None

    async def run(self) -> None:
        """Poll for hints until Redis goes away."""
        client = arq_client(self._ctx.queue.url)
        self._worker = HintTaker(
            [func(cast("Any", self._handle), name=JOB, keep_result=0, max_tries=1)],
            queue_name=queue_key(self._queue),
            redis_pool=client,
            max_jobs=QUEUES[self._queue],
            job_timeout=max(consequence.timeout for consequence in self._consequences.values()) + GRACE_SECONDS,
            poll_delay=_POLL_SECONDS,
            handle_signals=False,
            job_serializer=serialize,
            job_deserializer=deserialize,
        )
        self._worker.allow_pick_jobs = self._takes
        try:
            await self._worker.async_run()
        # A connection that breaks while arq watches a key is told as a change of that key.
        except (*AWAY, WatchError) as error:
            log.info("queue away", queue=self._queue, error=type(error).__name__)
        finally:
            await end(*self._worker.tasks.values())
            await client.aclose(close_connection_pool=True)

    async def finish(self, seconds: float) -> None:
        """Take no more, and let what runs come to its end; what takes longer is given back."""
        self._takes = False
        if self._worker is not None:
            self._worker.allow_pick_jobs = False
        await finish(self._running, seconds)

    async def _handle(self, _arq: dict[str, Any], task_id: str) -> None:
        work = asyncio.ensure_future(handle(self._ctx, self._consequences, UUID(task_id)))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        # The end of arq is not the end of the work: it goes on, and marks its task by itself.
        await asyncio.shield(work)
