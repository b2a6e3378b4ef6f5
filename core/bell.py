"""NOTIFY and LISTEN on connections of their own: a commit in one process wakes the relay in another."""

import asyncio

import asyncpg

from core.ending import end
from core.pubsub import Wakeups

CHANNEL = "outbox"
# InternalClientError is what asyncpg says on a connection whose server has announced its end and is not gone yet.
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_QUIET_SECONDS = 0.02
_PAUSE_SECONDS = 1.0


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://", 1), timeout=2, command_timeout=2)


class OutboxBell:
    """Rings after commits, at most every 20 ms: NOTIFY inside the writing transactions would make commits queue up."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Wake the relay soon; when the bell does not sound, its sweep finds the fact within a second."""
        self._rung.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._ring_forever())

    async def aclose(self) -> None:
        """Stop ringing."""
        if self._task is not None:
            await end(self._task)
        if self._connection is not None:
            self._connection.terminate()

    async def _ring_forever(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await _connect(self._url)
                await self._connection.execute("select pg_notify($1, '')", CHANNEL)
            except _AWAY:
                await asyncio.sleep(_PAUSE_SECONDS)
            await asyncio.sleep(_QUIET_SECONDS)


class BellListener:
    """Hears the bells of all processes; while it cannot, each wait runs its full time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._wakeups = Wakeups()

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - running out of time is an answer, not an error
        """Return after a ring (True) or after `timeout` seconds (False); rings between two waits are kept."""
        if self._connection is None or self._connection.is_closed():
            await self._listen()
        return await self._wakeups.wait(timeout)

    async def aclose(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            self._connection.terminate()

    async def _listen(self) -> None:
        try:
            self._connection = await _connect(self._url)
            await self._connection.add_listener(CHANNEL, lambda *_: self._wakeups.ring())
        except _AWAY:
            return
        self._wakeups.ring()
