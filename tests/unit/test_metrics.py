"""Metrics: nobody can fill the memory with names, and the loop's lag is a queue that stands."""

import asyncio
import time

from core.loop_lag import TICK_SECONDS, LoopLag
from core.metrics import Names


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


async def test_a_single_long_step_is_no_lag_that_stands() -> None:
    lag = LoopLag()
    ticking = asyncio.create_task(lag.run())
    await asyncio.sleep(2 * TICK_SECONDS)

    time.sleep(4 * TICK_SECONDS)  # noqa: ASYNC251 - the loop is to be held up
    await asyncio.sleep(2 * TICK_SECONDS)
    ticking.cancel()

    assert max(lag._latest) >= 2 * TICK_SECONDS
    assert lag.standing < 2 * TICK_SECONDS
