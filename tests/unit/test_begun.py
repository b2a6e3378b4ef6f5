"""Coroutines that run as far as they can at once."""

import asyncio

import pytest

from core.begun import Begun, TooLong, within


async def five() -> int:
    return 5


async def raising() -> int:
    raise LookupError


def test_work_that_does_not_wait_is_over_at_once() -> None:
    begun = Begun(five())

    assert begun.is_over
    assert begun.result == 5


async def test_work_that_waits_goes_on_when_it_is_awaited() -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    passed = []

    async def work() -> str:
        for number, gate in enumerate(gates):
            await gate.wait()
            passed.append(number)
        return "done"

    begun = Begun(work())
    for gate in gates:
        asyncio.get_running_loop().call_soon(gate.set)

    assert not begun.is_over
    assert await begun == "done"
    assert passed == [0, 1]


async def test_what_work_raises_is_raised_before_and_after_it_waits() -> None:
    async def later() -> int:
        await asyncio.sleep(0)
        return await raising()

    with pytest.raises(LookupError):
        Begun(raising())
    with pytest.raises(LookupError):
        await Begun(later())


async def test_a_cancellation_reaches_the_work_which_may_wait_once_more() -> None:
    begins, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            begins.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    async def await_it() -> None:
        await Begun(work())

    task = asyncio.create_task(await_it())
    await begins.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_limit_of_time_holds_for_work_that_waits() -> None:
    assert await within(0, five()) == 5
    with pytest.raises(TooLong):
        await within(0.01, asyncio.Event().wait())


async def test_a_timeout_of_the_work_itself_stays_what_it_is() -> None:
    async def work() -> None:
        await asyncio.wait_for(asyncio.Event().wait(), 0)

    with pytest.raises(TimeoutError):
        await within(5, work())
