"""Streams that sleep are told without being woken; whatever else happens, each event comes once and in order."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from aperture.execution import Graph
from core import clock
from core.backends import Backends
from core.db import Database
from core.ending import end
from core.errors import ApiError
from core.ids import new_uuid
from core.viewer import Viewer
from schema.context import Context
from services.event_log import LoggedEvent
from subscriptions import hub
from subscriptions.hub import Seat
from tests.jobs.parts import until
from tests.realtime.numbers import Hearing, all_heard, answers_of, asleep, begin, graph_of, log, numbers, present

CROWD = 20


class Fickle(Hearing):
    """A client whose connection is clear now and then."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    @property
    def is_clear(self) -> bool:
        return self._chance.random() < 0.6


class Gate:
    """A way to present events that holds the first one until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def present(self, ctx: Context, logged: LoggedEvent, cursor: str) -> Any:
        self.reached.set()
        await self.open.wait()
        return await present(ctx, logged, cursor)


@asynccontextmanager
async def listening(
    backends: Backends, graph: Graph, after: str, clients: Sequence[Hearing]
) -> AsyncIterator[list[asyncio.Task[None]]]:
    """The streams of these clients, which sleep at first."""
    async with asyncio.timeout(40), AsyncExitStack() as stack:
        tasks = []
        for client in clients:
            answers = await stack.enter_async_context(answers_of(backends, graph, after, Viewer(), client))
            tasks.append(asyncio.create_task(client.listen(answers)))
            stack.push_async_callback(end, tasks[-1])
        await asleep()
        yield tasks


def numbers_heard(client: Hearing) -> list[int]:
    return [answer["data"]["told"]["number"] for answer in client.heard]


async def test_a_crowd_that_sleeps_is_told_and_sleeps_on(backends: Backends, db: Database) -> None:
    start, clients = await begin(db), [Hearing() for _ in range(CROWD)]

    async with listening(backends, graph_of(numbers()), start, clients):
        for number in range(3):
            await log(db, number)
            await backends.pubsub.wake("topic")
            await until(partial(all_heard, clients, number + 1))

    assert [numbers_heard(client) for client in clients] == [[0, 1, 2]] * CROWD
    assert [client.pushed for client in clients] == [3] * CROWD


async def test_who_listens_alone_is_told_awake(backends: Backends, db: Database) -> None:
    start, client = await begin(db), Hearing()

    async with listening(backends, graph_of(numbers()), start, [client]):
        await log(db, 7)
        await until(lambda: all_heard([client], 1))

    assert (numbers_heard(client), client.pushed) == ([7], 0)


async def test_whoever_sleeps_or_not_hears_each_event_once_and_in_order(backends: Backends, db: Database) -> None:
    start, chance, total = await begin(db), random.Random(11), 60
    clients = [Fickle(chance) for _ in range(CROWD)]

    async with listening(backends, graph_of(numbers()), start, clients):
        for number in range(total):
            await log(db, number)
            await backends.pubsub.wake("topic")
        await until(lambda: all_heard(clients, total))

    assert [numbers_heard(client) for client in clients] == [list(range(total))] * CROWD
    assert 0 < sum(client.pushed for client in clients) < total * CROWD


async def test_who_goes_while_an_event_is_read_is_told_nothing(backends: Backends, db: Database) -> None:
    start, clients, gate = await begin(db), [Hearing() for _ in range(3)], Gate()

    async with listening(backends, graph_of(numbers(present=gate.present)), start, clients) as tasks:
        await log(db, 1)
        await gate.reached.wait()
        await end(tasks[1])
        gate.open.set()
        await until(lambda: all_heard([clients[0], clients[2]], 1))

    assert [numbers_heard(client) for client in clients] == [[1], [], [1]]


async def test_who_falls_behind_while_an_event_is_read_misses_and_repeats_nothing(
    backends: Backends, db: Database
) -> None:
    start, clients, gate = await begin(db), [Hearing(), Hearing()], Gate()
    length = hub.WAITING + 30

    async with listening(backends, graph_of(numbers(present=gate.present)), start, clients):
        ((_, seat), *_) = [(each, seat) for each in hub._hubs.values() for seat in each._seats]
        await log(db, 0)
        await gate.reached.wait()
        await log(db, *range(1, length))
        await until(lambda: _is_true(seat.is_behind))
        gate.open.set()
        await until(lambda: all_heard(clients, length))

    assert [numbers_heard(client) for client in clients] == [list(range(length))] * 2


async def test_a_stream_sleeps_until_what_is_pushed_to_it_is_told() -> None:
    seat, pushed = Seat(), list[LoggedEvent]()

    def push(event: LoggedEvent) -> bool:
        pushed.append(event)
        return True

    seat.push = push
    waiting = asyncio.create_task(seat.wait())
    await asyncio.sleep(0)

    for number in range(hub.WAITING + 1):
        seat.give(_event(number), is_shared=True)
    await asyncio.sleep(0)
    was_woken = waiting.done()
    seat.pushed(is_told=True)
    await waiting

    assert (was_woken, seat.is_behind, [event.seq for event in pushed]) == (False, True, [0])


async def test_what_breaks_for_one_who_sleeps_is_tried_by_each(backends: Backends, db: Database) -> None:
    start, clients, runs = await begin(db), [Hearing() for _ in range(3)], list[int]()

    async def fail_first(ctx: Context, logged: LoggedEvent, cursor: str) -> Any:
        runs.append(1)
        if len(runs) == 1:
            raise ApiError("FORBIDDEN", "Not at first.")
        return await present(ctx, logged, cursor)

    async with listening(backends, graph_of(numbers(present=fail_first)), start, clients):
        await log(db, 5)
        await until(lambda: all_heard(clients, 1))

    assert [numbers_heard(client) for client in clients] == [[5]] * 3


async def test_what_nobody_is_shown_wakes_nobody(backends: Backends, db: Database) -> None:
    start, clients = await begin(db), [Hearing(), Hearing()]

    async with listening(backends, graph_of(numbers()), start, clients):
        await log(db, None, 1)
        await until(lambda: all_heard(clients, 1))

    assert [(numbers_heard(client), client.pushed) for client in clients] == [([1], 1)] * 2


def _event(number: int) -> LoggedEvent:
    return LoggedEvent("topic", number, "Edited", {"number": number}, clock.now(), new_uuid())


async def _is_true(value: bool) -> bool:
    return value
