"""A stream of numbers over the real log, and a small graph that serves it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import strawberry

from aperture.errors import Answer
from aperture.execution import Graph, GraphQLRequest
from aperture.subscription import Outlet, subscribe
from core.backends import Backends
from core.db import Database
from core.ids import new_uuid
from core.viewer import Viewer
from schema.context import Context
from schema.events import Event, StreamResetEvent
from schema.fields import root
from services import event_log
from services.event_log import Entry, LoggedEvent
from subscriptions import base, hub
from subscriptions.base import Present, Stream
from tests.jobs.parts import until

DOCUMENT = """subscription ($after: String) { told(after: $after) {
  __typename cursor ... on NumberEvent { number } ... on StreamResetEvent { reason }
} }"""


@strawberry.type
class NumberEvent(Event):
    number: int


@strawberry.type
class Query:
    nothing: str | None = None


async def present(_ctx: Context, logged: LoggedEvent, cursor: str) -> NumberEvent | None:
    """The number of an event; events without one are hidden."""
    number = logged.ids["number"]
    return None if number is None else NumberEvent(cursor=cursor, occurred_at=logged.at, number=number)


def numbers(topics: Sequence[str] = ("topic",), present: Present = present) -> Stream:
    """A stream over these topics; bursts of `Liked` are drawn together."""
    return Stream("numbers", topics, present, merged=frozenset(["Liked"]))


async def begin(db: Database, *topics: str) -> str:
    """A cursor of such a stream that has seen nothing yet."""
    marks = await db.write(lambda tx: event_log.watch(tx, topics or ("topic",)))
    return numbers(tuple(marks)).cursor(marks)


async def log(db: Database, *numbers: int | None, topic: str = "topic", event: str = "Edited") -> None:
    """Let these numbers happen, one after the other."""
    for number in numbers:
        entries = [Entry(topic, event, {"number": number})]
        await db.write(partial(event_log.append, outbox_id=new_uuid(), entries=entries))


def graph_of(stream: Stream, **more: Any) -> Graph:
    """A graph whose one subscription is the stream."""

    @strawberry.type
    class Subscription:
        @root
        async def told(ctx: Context, *, after: str | None = None) -> AsyncGenerator[Event | None, None]:
            return await base.events(ctx, stream, after)

    schema = strawberry.Schema(Query, subscription=Subscription, types=[NumberEvent, StreamResetEvent])
    return Graph(schema._schema, **more)


class Hearing:
    """A client that hears what it is told, in order; `pushed` is how much of it came while its stream slept."""

    def __init__(self) -> None:
        self.heard: list[Answer] = []
        self.pushed = 0

    @property
    def is_clear(self) -> bool:
        return True

    def tell(self, answer: Answer) -> None:
        self.heard.append(answer)
        self.pushed += 1

    async def listen(self, answers: AsyncIterator[Answer]) -> None:
        """Hear what the stream tells awake, until it ends."""
        async for answer in answers:
            self.heard.append(answer)


async def all_heard(clients: Iterable[Hearing], count: int) -> bool:
    """Whether every client has heard so much."""
    return all(len(client.heard) >= count for client in clients)


async def asleep() -> None:
    """Return when every stream waits for its next event."""

    async def are_asleep() -> bool:
        return all(seat._is_asleep and not seat._waiting for each in hub._hubs.values() for seat in each._seats)

    await until(are_asleep)


@asynccontextmanager
async def answers_of(
    backends: Backends,
    graph: Graph,
    after: str | None = None,
    viewer: Viewer | None = None,
    outlet: Outlet | None = None,
) -> AsyncIterator[AsyncGenerator[Answer]]:
    """The answers of one client's stream."""
    context = Context(backends, viewer or Viewer())
    opened = await subscribe(graph, GraphQLRequest(DOCUMENT, variables={"after": after}), context, outlet)
    assert not isinstance(opened, dict), opened
    async with aclosing(opened):
        yield opened


async def told(backends: Backends, stream: Stream, after: str | None, count: int, **more: Any) -> list[Any]:
    """The next events of a stream behind a cursor."""
    async with asyncio.timeout(20), answers_of(backends, graph_of(stream, **more), after) as answers:
        return [(await anext(answers))["data"]["told"] for _ in range(count)]


def numbers_of(events: Sequence[Any]) -> list[int]:
    """The numbers that events tell."""
    return [event["number"] for event in events]
