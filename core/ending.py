"""Ending asyncio tasks for certain."""

import asyncio
from typing import Any

_PATIENCE_SECONDS = 1.0


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended, whatever happens meanwhile; what they raise is dropped.

    One cancellation may not be enough: `wait_for` of Python 3.11, which redis-py uses, loses one that comes at the
    moment of its success. A caller that is cancelled itself is so when the tasks have ended.
    """
    interrupted: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=_PATIENCE_SECONDS)
        except asyncio.CancelledError as error:
            interrupted = error
    await asyncio.gather(*tasks, return_exceptions=True)
    if interrupted is not None:
        raise interrupted
