"""Tasks end for certain, also those that lose a cancellation."""

import asyncio

import pytest

from core import ending
from core.ending import end


@pytest.fixture(autouse=True)
def _impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_PATIENCE_SECONDS", 0.01)


async def test_a_task_that_loses_two_cancellations_ends_with_the_third() -> None:
    task = asyncio.create_task(_lose(2))
    await asyncio.sleep(0)

    await end(task)

    assert task.cancelled()


async def test_what_a_task_raises_at_its_end_is_dropped() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    task = asyncio.create_task(fail())

    await end(task)

    assert task.done()


async def test_who_is_cancelled_while_ending_others_ends_them_first() -> None:
    task = asyncio.create_task(_lose(3))
    ender = asyncio.create_task(end(task))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await end(ender)

    assert task.cancelled()
    assert ender.cancelled()


async def _lose(times: int) -> None:
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()
