"""How late the event loop comes to what is due: a clock that ticks in it and looks at its own delay."""

import asyncio
import time
from typing import Final

from core.metrics import LOOP_LAG

TICK_SECONDS: Final = 0.05


class LoopLag:
    """The lag of the loop that `run` runs in, in seconds."""

    def __init__(self) -> None:
        self._before = self._latest = 0.0
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def standing(self) -> float:
        """For how long work waits for the loop: for what is due now, or again and again from one tick to the next.

        A single long step that is over has passed by itself and says nothing, as after a process was frozen.
        """
        overdue = time.monotonic() - self._due if self._due is not None else 0.0
        return max(overdue, min(self._before, self._latest))

    async def run(self) -> None:
        """Tick without end."""
        # Plain timers: a task that sleeps wakes up only behind all that came in meanwhile.
        self._wait()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._due = None
            self._before = self._latest = 0.0

    def _wait(self) -> None:
        self._due = time.monotonic() + TICK_SECONDS
        self._timer = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick, self._due)

    def _tick(self, due: float) -> None:
        self._before, self._latest = self._latest, max(0.0, time.monotonic() - due)
        LOOP_LAG.observe(self._latest)
        self._wait()
