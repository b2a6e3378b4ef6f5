"""How late the event loop comes to what is due: a clock that ticks in it and looks at its own delay."""

import asyncio
from collections import deque
from typing import Final

from core.metrics import LOOP_LAG

TICK_SECONDS: Final = 0.05
_TICKS: Final = 4


class LoopLag:
    """The lag of the loop that `run` runs in, in seconds."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque([0.0], maxlen=_TICKS)

    @property
    def standing(self) -> float:
        """The least lag of the latest ticks: a single long step passes by itself, only a queue that stands counts."""
        return min(self._latest)

    async def run(self) -> None:
        """Tick without end."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            lag = max(0.0, loop.time() - due)
            self._latest.append(lag)
            LOOP_LAG.observe(lag)
