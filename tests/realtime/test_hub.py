"""One reader for all streams of a process: it reads once for all, and nobody misses, repeats or holds up anything."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from core import clock
from core.backends import Backends
from core.db import Database
from core.errors import Unavailable
from core.limits import Limits
from models.topic_events import Topic
from schema.context import Context
from services.event_log import LoggedEvent
from subscriptions import hub
from subscriptions.base import SlowConsumer
from tests.jobs.parts import until
from tests.realtime.numbers import answers_of, begin, graph_of, log, numbers, numbers_of, present, told

CROWD = 50


@pytest.fixture
def reads(backends: Backends) -> Iterator[list[str]]:
    """Each time the log is read."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if "from topic_events e join unnest" in sql:
            found.append(sql)

    engine = backends.db._primary.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


async def test_a_crowd_costs_one_read(backends: Backends, db: Database, reads: list[str]) -> None:
    start, graph = await begin(db), graph_of(numbers())

    async with asyncio.timeout(20), AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(answers_of(backends, graph, start)) for _ in range(CROWD)]
        waiting = [asyncio.create_task(anext(answers)) for answers in crowd]
        await until(lambda: _is_true(len(reads) > 0))
        before = len(reads)
        await log(db, 7)
        await backends.pubsub.wake("topic")
        answers = await asyncio.gather(*waiting)

    assert {answer["data"]["told"]["number"] for answer in answers} == {7}
    assert len(reads) - before <= 3, "once for the event, and once or twice for the time that has passed"


async def test_who_joins_late_misses_and_repeats_nothing(backends: Backends, db: Database) -> None:
    start, graph, chance = await begin(db), graph_of(numbers()), random.Random(7)
    total, seen = 60, dict[int, list[int]]()

    async def follow(client: int) -> None:
        cursor, mine = start, seen.setdefault(client, [])
        while len(mine) < total:
            async with answers_of(backends, graph, cursor) as answers:
                for _ in range(chance.randint(1, total - len(mine))):
                    event = (await anext(answers))["data"]["told"]
                    mine.append(event["number"])
                    cursor = event["cursor"]

    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        for client in range(8):
            tasks.create_task(follow(client))
        for number in range(total):
            await log(db, number)
            await backends.pubsub.wake("topic")

    assert seen == {client: list(range(total)) for client in range(8)}


async def test_a_stream_that_takes_nothing_is_bounded_and_misses_nothing(backends: Backends, db: Database) -> None:
    start, length = await begin(db), hub.WAITING + 30

    async with asyncio.timeout(40), answers_of(backends, graph_of(numbers()), start) as answers:
        await log(db, 0)
        found = [await anext(answers)]
        ((_, seat),) = [(each, seat) for each in hub._hubs.values() for seat in each._topics["topic"].seats]
        await log(db, *range(1, length))
        await until(lambda: _is_true(seat.is_behind))
        found += [await anext(answers) for _ in range(1, length)]

    assert [answer["data"]["told"]["number"] for answer in found] == list(range(length))


async def test_events_of_several_topics_come_in_one_order(backends: Backends, db: Database) -> None:
    start = await begin(db, "a", "b")
    for number in range(6):
        await log(db, number, topic="ab"[number % 2])

    events = await told(backends, numbers(("a", "b")), start, 6)

    assert numbers_of(events) == list(range(6))
    assert numbers_of(await told(backends, numbers(("a", "b")), events[2]["cursor"], 3)) == [3, 4, 5]


async def test_a_stream_whose_log_was_lost_is_told_so_and_goes_on(backends: Backends, db: Database) -> None:
    start = await begin(db)

    async with asyncio.timeout(20), answers_of(backends, graph_of(numbers()), start) as answers:
        await log(db, 1)
        first = (await anext(answers))["data"]["told"]
        async with db.transaction() as tx:
            await tx.execute(update(Topic).values(last_seq=Topic.last_seq + 5))
        await log(db, 2)
        reset = (await anext(answers))["data"]["told"]
        await log(db, 3)
        fresh = (await anext(answers))["data"]["told"]

    assert (first["number"], reset["reason"], fresh["number"]) == (1, "CURSOR_TOO_OLD", 3)


async def test_a_long_stream_keeps_its_topics_logged(backends: Backends, db: Database) -> None:
    start = await begin(db)

    async with asyncio.timeout(20), answers_of(backends, graph_of(numbers()), start) as answers:
        await log(db, 1)
        await anext(answers)
        (running,) = hub._hubs.values()
        running._watched_at -= hub.REWATCH_AFTER
        async with db.transaction() as tx:
            await tx.execute(update(Topic).values(watched_until=clock.now() + timedelta(minutes=1)))

        async def is_renewed() -> bool:
            async with db.reading(fresh=True) as read:
                until_when = await read.scalar(select(Topic.watched_until))
            return bool(until_when > clock.now() + timedelta(hours=23))

        await until(is_renewed)


async def test_it_ends_with_its_last_stream(backends: Backends, db: Database) -> None:
    start = await begin(db)
    async with (
        answers_of(backends, graph_of(numbers()), start) as one,
        answers_of(backends, graph_of(numbers()), start) as two,
    ):
        await log(db, 1)
        await anext(one)
        await anext(two)
        assert len(hub._hubs) == 1

    assert hub._hubs == {}


async def test_streams_of_nothing_come_and_go(backends: Backends, db: Database) -> None:
    start = await begin(db)

    async with answers_of(backends, graph_of(numbers(()))) as silent:
        waiting = asyncio.create_task(anext(silent, None))
        async with answers_of(backends, graph_of(numbers()), start) as one:
            await log(db, 1)
            await anext(one)
        waiting.cancel()
        await asyncio.wait([waiting])

    assert hub._hubs == {}


async def test_a_client_that_is_too_slow_is_told_where_to_go_on(backends: Backends, db: Database) -> None:
    start = await begin(db)
    await log(db, 1, 2, 3)

    async with asyncio.timeout(20), answers_of(backends, graph_of(numbers()), start) as answers:
        first = (await anext(answers))["data"]["told"]
        assert (await anext(answers))["data"]["told"]["number"] == 2
        last = (await answers.athrow(SlowConsumer()))["data"]["told"]
        assert [each async for each in answers] == []

    assert (last["__typename"], last["reason"]) == ("StreamResetEvent", "SLOW_CONSUMER")
    assert last["cursor"] == first["cursor"]
    assert numbers_of(await told(backends, numbers(), last["cursor"], 2)) == [2, 3]


async def test_an_event_that_could_not_be_read_is_read_again(backends: Backends, db: Database) -> None:
    start = await begin(db)
    await log(db, 0, 1, 2)
    failures: list[Exception] = [Unavailable(), Unavailable()]

    async def stumble(ctx: Context, logged: LoggedEvent, cursor: str) -> Any:
        if logged.ids["number"] == 1 and failures:
            raise failures.pop()
        return await present(ctx, logged, cursor)

    events = await told(backends, numbers(present=stumble), start, 3)

    assert numbers_of(events) == [0, 1, 2]
    assert len({event["cursor"] for event in events}) == 3


async def test_reading_an_event_has_its_time_and_waiting_for_one_has_all(
    backends: Backends, db: Database, reads: list[str]
) -> None:
    start, hangs = await begin(db), [True]

    async def hang_once(ctx: Context, logged: LoggedEvent, cursor: str) -> Any:
        if hangs:
            hangs.clear()
            await asyncio.Event().wait()
        return await present(ctx, logged, cursor)

    waiting = asyncio.create_task(
        told(backends, numbers(present=hang_once), start, 1, bounds=Limits(operation_seconds=0.5))
    )
    await until(lambda: _is_true(len(reads) >= 3))
    await log(db, 1)
    events = await waiting

    assert numbers_of(events) == [1]
    assert hangs == []


async def _is_true(value: bool) -> bool:
    return value
