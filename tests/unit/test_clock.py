"""The one clock: how it follows the database's."""

from datetime import UTC, datetime, timedelta

import pytest

from core import clock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not asked the database yet, on a machine whose clock stands at noon."""
    monkeypatch.setattr(clock, "_database_offset", None)
    monkeypatch.setattr("time.time", NOON.timestamp)


def follow(ahead: timedelta, took: timedelta) -> None:
    """A measurement of a database whose clock is ahead, which answers in the middle of the time it takes."""
    clock.follow(NOON + ahead + took / 2, NOON, NOON + took)


def test_it_follows_the_database() -> None:
    follow(timedelta(seconds=-3), took=timedelta(milliseconds=4))

    assert clock.now() == NOON - timedelta(seconds=3)


def test_the_time_an_answer_takes_does_not_put_it_forward() -> None:
    follow(timedelta(), took=timedelta(seconds=2))

    assert clock.now() == NOON


def test_a_slow_answer_changes_nothing_that_was_measured_before() -> None:
    follow(timedelta(seconds=1), took=timedelta(milliseconds=4))
    clock.follow(NOON + timedelta(seconds=4), NOON, NOON + timedelta(seconds=3))

    assert clock.now() == NOON + timedelta(seconds=1)
