"""How many operations run at once: a few wait for a place, more are turned away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from core.errors import ApiError

RUNNING: Final = 200
WAITING: Final = 50


class Admission:
    """Places for running operations, and a short queue for them."""

    def __init__(self, running: int = RUNNING, waiting: int = WAITING) -> None:
        self._places = asyncio.Semaphore(running)
        self._free_to_wait = waiting

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place while the block runs; ApiError UNAVAILABLE when the queue for one is full."""
        if self._places.locked():
            if not self._free_to_wait:
                raise ApiError("UNAVAILABLE", "The service is busy. Try again in a moment.")
            self._free_to_wait -= 1
            try:
                await self._places.acquire()
            finally:
                self._free_to_wait += 1
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()
