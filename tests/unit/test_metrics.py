"""Metrics: nobody can fill the memory with names, counts are shown, and the loop's lag is a queue that stands."""

import asyncio
import time

from prometheus_client import CollectorRegistry

from core.loop_lag import TICK_SECONDS, LoopLag
from core.metrics import Names
from core.tallies import Counter


def test_known_names_are_told_at_once_and_others_when_they_come_often() -> None:
    names = Names({"HomeFeed"}, sightings=3)

    assert names["HomeFeed"] == "HomeFeed"
    assert [names["Profile"] for _ in range(4)] == ["other", "other", "Profile", "Profile"]
    assert names[None] == "unnamed"


def test_invented_names_take_a_bounded_number_of_places() -> None:
    names = Names({"HomeFeed"}, places=5, sightings=2)

    told = {names[f"Invented{number}"] for number in range(10_000) for _ in range(3)}

    assert len(told) == 5 + 1
    assert names["HomeFeed"] == "HomeFeed"
    assert len(names._seen) <= 50


def test_a_name_beyond_all_measure_is_never_told() -> None:
    names = Names(sightings=1)

    assert names["x" * 61] == "other"


def test_what_is_counted_is_shown_by_its_labels() -> None:
    registry = CollectorRegistry()
    answers = Counter("answers", "Answers.", ("status",), registry=registry)

    for status in ("200", "404", "200"):
        answers.labels(status).inc()

    assert registry.get_sample_value("answers_total", {"status": "200"}) == 2
    assert registry.get_sample_value("answers_total", {"status": "404"}) == 1


async def test_the_lag_of_the_loop_stands_while_it_is_behind_and_when_it_stays_behind() -> None:
    lag = LoopLag()
    ticking = asyncio.create_task(lag.run())
    await asyncio.sleep(2 * TICK_SECONDS)

    time.sleep(6 * TICK_SECONDS)  # noqa: ASYNC251 - the loop is to be held up
    inside = lag.standing()
    await _turn()
    once = lag.standing()
    time.sleep(6 * TICK_SECONDS)  # noqa: ASYNC251
    await _turn()
    twice = lag.standing()
    ticking.cancel()

    assert min(inside, twice) >= 4 * TICK_SECONDS
    assert once < 4 * TICK_SECONDS


async def _turn() -> None:
    """Let the loop come to all that is due."""
    for _ in range(2):
        await asyncio.sleep(0)
