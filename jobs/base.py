"""What a consequence is, what periodic work is, and what both may reach."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from core.db import Database, Write
from core.events import Event
from core.mail import Mailer
from core.pubsub import PubSub
from core.queue import Queue
from core.redis import Cache
from core.settings import Settings
from core.sms import Texter
from core.storage import ObjectStore
from jobs.sandbox import Sandbox
from services import tasks
from services.epochs import Epochs
from services.tasks import Claim

E = TypeVar("E", bound=Event)

LIVE = "live"
"""What people wait for in front of a screen: done by the worker that relays the fact, as far as it has hands free."""

QUEUES: Mapping[str, int] = {"default": 10, "media": 2, LIVE: 10}
"""The queues, and how many tasks of each one worker does at the same time."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """The connections of a worker; without `mail` or `sms`, nobody is sent any."""

    settings: Settings
    db: Database
    cache: Cache
    epochs: Epochs
    queue: Queue
    pubsub: PubSub
    store: ObjectStore
    sandbox: Sandbox
    mail: Mailer | None
    sms: Texter | None


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that follows from an event, at least once; `perform` has the effect and marks the task done.

    `name` is kept in the table of tasks: it must not change while tasks of it are open. `timeout` is in seconds.
    """

    name: str
    perform: Callable[[JobContext, Any, Claim], Awaitable[None]]
    tries: int = 12
    timeout: float = 30.0
    queue: str = "default"


Routes = Mapping[type[Event], Sequence[Consequence]]
InTransaction = Callable[[Write, E], Awaitable[None]]
Outside = Callable[[JobContext, E, Claim], Awaitable[None]]


@overload
def consequence(
    *, kind: Literal["in_transaction"], tries: int = 12, timeout: float = 30.0, queue: str = "default"
) -> Callable[[InTransaction[E]], Consequence]: ...
@overload
def consequence(
    *, kind: Literal["outside"], tries: int = 12, timeout: float = 30.0, queue: str = "default"
) -> Callable[[Outside[E]], Consequence]: ...
def consequence(
    *, kind: Literal["in_transaction", "outside"], tries: int = 12, timeout: float = 30.0, queue: str = "default"
) -> Callable[[Any], Consequence]:
    """Declare what follows from an event; the name is `module.function` within this room.

    - `in_transaction`: `async def f(tx, event)`. Its effect is in PostgreSQL and commits together with the mark that
      the task is done: exactly once.
    - `outside`: `async def f(ctx, event, claim)`. Its effect is elsewhere and must bear to happen twice. A task in
      pieces keeps its place by `tasks.advance(tx, claim, position)` and finds it in `claim.position`.
    """
    bind = _in_transaction if kind == "in_transaction" else _outside

    def declare(work: Any) -> Consequence:
        name = f"{work.__module__.removeprefix('jobs.')}.{work.__name__}"
        return Consequence(name, bind(work), tries=tries, timeout=timeout, queue=queue)

    return declare


def _in_transaction(work: InTransaction[E]) -> Callable[[JobContext, E, Claim], Awaitable[None]]:
    async def perform(ctx: JobContext, event: E, claim: Claim) -> None:
        async def effect(tx: Write) -> None:
            await work(tx, event)
            await tasks.finish(tx, claim)

        await ctx.db.write(effect)

    return perform


def _outside(work: Outside[E]) -> Callable[[JobContext, E, Claim], Awaitable[None]]:
    async def perform(ctx: JobContext, event: E, claim: Claim) -> None:
        await work(ctx, event, claim)
        await ctx.db.write(lambda tx: tasks.finish(tx, claim))

    return perform


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that comes back every so many seconds, in one worker at a time; it must bear to run twice."""

    name: str
    seconds: float
    work: Callable[[JobContext], Awaitable[None]]


def every(seconds: float, name: str) -> Callable[[Callable[[JobContext], Awaitable[None]]], Periodic]:
    """Declare periodic work; `jobs/schedule.py` lists what runs."""
    return lambda work: Periodic(name, seconds, work)
