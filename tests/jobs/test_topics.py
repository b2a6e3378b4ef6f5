"""Topics are numbered without gaps in the order of commits, and whoever comes back learns what is missing."""

import asyncio
from collections.abc import Iterator

import pytest

from core import clock
from core.db import Database
from core.events import PostLiked
from core.ids import new_uuid
from core.statements import counted
from jobs import topics
from jobs.base import JobContext
from services import event_log
from services.event_log import Entry
from tests.jobs.parts import Routes, emit, handled, later, liked, open_tasks, relayed


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with later(0):
        yield


async def test_only_watched_topics_are_logged(db: Database) -> None:
    marks = await _watch(db, "a")

    logged = await _append(db, "a", "b")

    assert logged == ["a"]
    assert [event.seq for event in await _read(db, marks)] == [marks["a"] + 1]


async def test_logging_a_fact_twice_changes_nothing_and_skips_no_number(db: Database) -> None:
    marks, fact = await _watch(db, "a"), new_uuid()

    for _ in range(3):
        await db.write(lambda tx: event_log.append(tx, fact, [Entry("a", "Happened", {})]))
    await _append(db, "a")

    assert [event.seq for event in await _read(db, marks)] == [marks["a"] + 1, marks["a"] + 2]


async def test_numbers_have_no_gaps_when_many_write_at_once(db: Database) -> None:
    names = ["a", "b", "c", "d"]
    marks = await _watch(db, *names)

    await asyncio.gather(*(_append(db, *names[turn % 4 :], *names[: turn % 4]) for turn in range(40)))

    events = await _read(db, marks)
    for name in names:
        first = marks[name] + 1
        assert [event.seq for event in events if event.topic == name] == list(range(first, first + 40))


async def test_logging_in_many_topics_costs_as_much_as_in_one(db: Database) -> None:
    names = [f"topic {number}" for number in range(200)]
    marks = await _watch(db, *names)

    with counted() as ran:
        assert await _append(db, *reversed(names), "nobody's") == sorted(names)

    assert len(ran) == 2
    assert {event.topic: event.seq - marks[event.topic] for event in await _read(db, marks)} == dict.fromkeys(names, 1)


async def test_a_fact_that_two_log_at_once_is_logged_once(db: Database) -> None:
    marks, fact = await _watch(db, "a", "b"), new_uuid()

    async def log() -> list[str]:
        entries = [Entry("a", "Happened", {}), Entry("b", "Happened", {})]
        return await db.write(lambda tx: event_log.append(tx, fact, entries))

    logged = await asyncio.gather(*(log() for _ in range(8)))

    assert sorted(logged) == [*[[]] * 7, ["a", "b"]]
    assert len(await _read(db, marks)) == 2


async def test_a_reader_never_sees_a_number_before_a_smaller_one(db: Database) -> None:
    marks = await _watch(db, "a")
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 40:
            seen.extend(event.seq for event in await _read(db, {"a": seen[-1] if seen else marks["a"]}))

    async with asyncio.timeout(20):
        await asyncio.gather(follow(), *(_append(db, "a") for _ in range(40)))

    assert seen == list(range(marks["a"] + 1, marks["a"] + 41))


async def test_events_come_in_order_of_time_across_topics(db: Database) -> None:
    marks = await _watch(db, "a", "b")
    for minutes, topic in enumerate(["b", "a", "b"]):
        with later(minutes * 60):
            await _append(db, topic)

    assert [event.topic for event in await _read(db, marks)] == ["b", "a", "b"]


async def test_a_clock_that_runs_behind_does_not_turn_events_around(db: Database) -> None:
    marks = await _watch(db, "a")
    for seconds in (5, 2, 9):
        with later(seconds):
            await _append(db, "a")

    assert [event.seq - marks["a"] for event in await _read(db, marks)] == [1, 2, 3]


async def test_reading_in_bites_misses_nothing(db: Database) -> None:
    marks = await _watch(db, "a", "b")
    for _ in range(7):
        await _append(db, "a", "b")

    eaten = 0
    while bite := await _read(db, marks, limit=3):
        assert len(bite) <= 6
        eaten += len(bite)
        marks |= {event.topic: event.seq for event in bite}

    assert eaten == 14


async def test_a_stream_resumes_where_it_stopped(db: Database) -> None:
    marks = await _watch(db, "a")
    await _append(db, "a")

    assert await _hole(db, marks) is None
    assert await _hole(db, {"a": marks["a"] + 1}) is None


async def test_a_mark_behind_what_is_kept_is_too_old(db: Database) -> None:
    marks = await _watch(db, "a")
    await _append(db, "a")

    with later(event_log.KEPT.total_seconds() + 1):
        await _watch(db, "a")
        await db.write(lambda tx: event_log.purge(tx, clock.now() - event_log.KEPT))
        await _append(db, "a")

        assert await _hole(db, marks) == "CURSOR_TOO_OLD"


async def test_what_happened_while_nobody_watched_is_missed_knowingly(db: Database) -> None:
    marks = await _watch(db, "a")
    await _append(db, "a")

    with later(event_log.KEPT.total_seconds()):
        assert await _append(db, "a") == []
        now = await _watch(db, "a")

        assert await _hole(db, marks) == "CURSOR_TOO_OLD"
        assert await _hole(db, now) is None


async def test_a_topic_made_anew_counts_from_above_its_old_numbers(db: Database) -> None:
    marks = await _watch(db, "a")
    await _append(db, "a")

    with later(3 * event_log.KEPT.total_seconds()):
        await db.write(lambda tx: event_log.purge(tx, clock.now() - event_log.KEPT))
        assert await _hole(db, marks) == "SERVER_RESTART"
        again = await _watch(db, "a")

        assert again["a"] > marks["a"] + 1
        assert await _hole(db, marks) == "CURSOR_TOO_OLD"


async def test_a_mark_from_the_future_belongs_to_another_life(db: Database) -> None:
    marks = await _watch(db, "a")

    assert await _hole(db, {"a": marks["a"] + 1}) == "SERVER_RESTART"


async def test_watching_again_costs_no_write_for_an_hour(db: Database) -> None:
    first = await _watch(db, "a")

    with later(3500):
        assert await _watch(db, "a") == first
    with later(3700):
        assert await _watch(db, "a") == first
    with later(event_log.KEPT.total_seconds() + 60):
        assert await _append(db, "a") == ["a"], "renewed after an hour, so watched until an hour later"


async def test_watchers_are_woken_after_the_commit_and_find_the_event(ctx: JobContext) -> None:
    event = liked()
    topic = event_log.post_topic(event.post_id)
    marks = await _watch(ctx.db, topic)
    await emit(ctx.db, event)
    routes: Routes = {PostLiked: (topics.post,)}
    task_ids = await relayed(ctx.db, routes)

    async with ctx.pubsub.listening([topic]) as wakeups:
        assert await wakeups.wait(5), "the subscription stands"
        await handled(ctx, routes, task_ids * 2)
        assert await wakeups.wait(5)

    (found,) = await _read(ctx.db, marks)
    assert (found.event, found.ids) == ("PostLiked", event.to_json())
    assert await open_tasks(ctx.db) == 0


async def _watch(db: Database, *names: str) -> dict[str, int]:
    return await db.write(lambda tx: event_log.watch(tx, names))


async def _append(db: Database, *names: str) -> list[str]:
    entries = [Entry(name, "Happened", {}) for name in names]
    return await db.write(lambda tx: event_log.append(tx, new_uuid(), entries))


async def _read(db: Database, marks: dict[str, int], limit: int = 100) -> list[event_log.LoggedEvent]:
    async with db.reading(fresh=True) as read:
        return await event_log.read(read, marks, limit)


async def _hole(db: Database, marks: dict[str, int]) -> event_log.Hole | None:
    async with db.reading(fresh=True) as read:
        return await event_log.hole(read, marks)
