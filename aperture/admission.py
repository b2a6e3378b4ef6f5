"""How many operations run at once: a few wait for a place, those that matter most in front, others are refused."""

import asyncio
from bisect import insort
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from graphql import OperationType

from aperture import limits
from aperture.documents import Operation
from core.errors import ApiError
from core.limits import DEFAULTS
from core.metrics import OPERATIONS_RUNNING, OPERATIONS_WAITING, SHED
from core.overload import Overload, Overloaded, Rank

SESSIONS: Final = frozenset({"logIn", "refreshSession", "logOut"})
"""Mutations by which people come in and go: whoever cannot renew a session comes back with all requests at once."""


def rank_of(operation: Operation) -> Rank:
    """How much an operation matters."""
    if operation.node.operation is not OperationType.MUTATION:
        return Rank.READ
    return Rank.SESSION if limits.root_fields(operation.document.ast, operation.node) <= SESSIONS else Rank.WRITE


@dataclass(order=True, slots=True)
class _Waiting:
    """One that waits; the first in order is next, the last one is the first to give way."""

    order: tuple[int, int]
    turn: asyncio.Future[None] = field(compare=False)

    @property
    def rank(self) -> Rank:
        return Rank(-self.order[0])


class Admission:
    """Places for running operations, and a short queue for them."""

    def __init__(
        self,
        running: int = DEFAULTS.operations_running,
        waiting: int = DEFAULTS.operations_waiting,
        overload: Overload | None = None,
    ) -> None:
        self._free = self._places = running
        self._most_waiting = waiting
        self._overload = overload or Overload()
        self._waiting: list[_Waiting] = []
        self._numbers = count()

    def show(self) -> None:
        """Tell the metrics how many run and wait."""
        OPERATIONS_RUNNING.set_function(lambda: self._places - self._free)
        OPERATIONS_WAITING.set_function(lambda: len(self._waiting))

    def require(self, rank: Rank) -> None:
        """Let something of this rank begin; ApiError UNAVAILABLE while there is too much to do."""
        try:
            self._overload.require(rank)
        except ApiError:
            SHED.labels(rank.name, "delay").inc()
            raise

    async def enter(self, rank: Rank = Rank.READ) -> None:
        """Take a place; ApiError UNAVAILABLE at once, or when what matters more takes the place in the queue."""
        self.require(rank)
        if self._free:
            self._free -= 1
        else:
            await self._wait(rank)

    def leave(self) -> None:
        """Give the place to the next one that waits."""
        while self._waiting:
            turn = self._waiting.pop(0).turn
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _wait(self, rank: Rank) -> None:
        """Wait for the place of another one."""
        self._make_room(rank)
        mine = _Waiting((-rank, next(self._numbers)), asyncio.get_running_loop().create_future())
        insort(self._waiting, mine)
        try:
            await mine.turn
        except asyncio.CancelledError:
            if mine.turn.cancelled():
                self._forget(mine)
            elif mine.turn.exception() is None:
                self.leave()
            raise

    def _make_room(self, rank: Rank) -> None:
        """Refuse the last one in the queue if it is full, or this one if it does not matter more."""
        if len(self._waiting) < self._most_waiting:
            return
        last = next((each for each in reversed(self._waiting) if not each.turn.done()), None)
        if last is None or last.rank >= rank:
            SHED.labels(rank.name, "queue").inc()
            raise Overloaded
        SHED.labels(last.rank.name, "queue").inc()
        self._forget(last)
        last.turn.set_exception(Overloaded())

    def _forget(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
