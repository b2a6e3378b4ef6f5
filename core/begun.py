"""Work that often ends without waiting: nothing has to be set up around it before it does wait."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that has run up to where it waits first; awaiting it goes on from there, in the same task.

    If it `is_over`, it did not wait at all. What it raises until then is raised here.
    """

    __slots__ = ("_awaited", "_work", "is_over", "result")

    result: T

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        try:
            self._awaited = work.send(None)
            self.is_over = False
        except StopIteration as end:
            self.result = end.value
            self.is_over = True

    def __await__(self) -> Generator[Any, Any, T]:
        if self.is_over:
            return self.result
        awaited = self._awaited
        while True:
            try:
                try:
                    sent = yield awaited
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is meant for the work
                    awaited = self._work.throw(error)
                else:
                    awaited = self._work.send(sent)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # what the coroutine returned


class TooLong(Exception):
    """The time for some work was over before it was done; the work has been cancelled."""


async def within(seconds: float, work: Coroutine[Any, Any, T], late: Callable[[], Exception] = TooLong) -> T:
    """What the work answers; raises what is `late` when it waits longer. Work that does not wait needs no timer."""
    begun = Begun(work)
    if begun.is_over:
        return begun.result
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await begun
    except TimeoutError as error:
        if limit.expired():
            raise late() from error
        raise
