"""Ending asyncio tasks for certain."""

import asyncio
from typing import Any

_PATIENCE_SECONDS = 1.0


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended; what they raise is dropped.

    One cancellation may not be enough: `wait_for` of Python 3.11, which redis-py uses, loses one that comes at the
    moment of its success.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_PATIENCE_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
