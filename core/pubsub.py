"""Wake-ups between processes: a word that something happened in a topic, never what happened."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.asyncio.client import PubSub as Subscriber

from core.ending import end
from core.redis import AWAY, Cache, CacheUnavailable, pool

_PREFIX = "wake:"
_RECONNECT_SECONDS = 0.5
_PING_SECONDS = 2.0
_SILENCE_SECONDS = 6.0


class Wakeups:
    """What one listener waits on."""

    def __init__(self) -> None:
        self._happened = asyncio.Event()
        self._topics: set[str] = set()

    def ring(self, topic: str | None = None) -> None:
        """Let the waiting one go on; if nobody waits, the next wait ends at once."""
        if topic is not None:
            self._topics.add(topic)
        self._happened.set()

    def rung(self) -> set[str]:
        """The topics that have rung since this was last asked."""
        topics, self._topics = self._topics, set()
        return topics

    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - running out of time is an answer, not an error
        """Return after a wake-up (True) or after `timeout` seconds (False); bursts count as one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._happened.wait()
        woken = self._happened.is_set()
        self._happened.clear()
        return woken


class PubSub:
    """One listening connection per process, shared by all who listen; without Redis listeners simply time out."""

    def __init__(self, url: str) -> None:
        self._cache = Cache.from_url(url)
        self._client = Redis.from_pool(pool(url, size=2))
        self._listeners: dict[str, set[Wakeups]] = defaultdict(set)
        self._changes: set[str] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, topics: Iterable[str]) -> AsyncIterator[Wakeups]:
        """Listen to topics inside the block; the first wake-up of each comes when its subscription stands."""
        wakeups, heard = Wakeups(), set(topics)
        for topic in heard:
            self.listen(topic, wakeups)
        try:
            yield wakeups
        finally:
            for topic in heard:
                self.ignore(topic, wakeups)

    def listen(self, topic: str, wakeups: Wakeups) -> None:
        """Ring these wake-ups for the topic from now on; first as soon as its subscription stands."""
        self._listeners[topic].add(wakeups)
        self._change(topic)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen_forever())

    def ignore(self, topic: str, wakeups: Wakeups) -> None:
        """Ring them for this topic no more."""
        self._listeners[topic].discard(wakeups)
        if not self._listeners[topic]:
            del self._listeners[topic]
            self._change(topic)

    async def wake(self, *topics: str) -> None:
        """Wake all who listen to the topics, in all processes; nothing happens while Redis is away."""
        if not topics:
            return
        with suppress(CacheUnavailable):
            async with self._cache.pipeline() as pipe:
                for topic in topics:
                    pipe.publish(_PREFIX + topic, b"")
                await pipe.execute()

    async def aclose(self) -> None:
        """Stop listening and close all connections."""
        if self._task is not None:
            await end(self._task)
        await self._client.aclose()
        await self._cache.aclose()

    def _change(self, topic: str) -> None:
        self._changes.add(topic)
        self._changed.set()

    async def _listen_forever(self) -> None:
        while True:
            with suppress(*AWAY):
                async with self._client.pubsub() as subscriber:
                    await self._listen(subscriber)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen(self, subscriber: Subscriber) -> None:
        """One task only writes to the connection, this one only reads; the end of either ends both."""
        await subscriber.subscribe(_PREFIX)
        writer = asyncio.create_task(self._keep_subscribed(subscriber))
        try:
            while not writer.done():
                message = await subscriber.get_message(timeout=_SILENCE_SECONDS)
                if message is None:
                    return
                self._ring(message)
        finally:
            await end(writer)

    async def _keep_subscribed(self, subscriber: Subscriber) -> None:
        """Follow the wishes of the listeners, and ask for a sign of life between them."""
        subscribed: set[str] = set()
        self._changes = set(self._listeners)
        while True:
            self._changed.clear()
            changes, self._changes = self._changes, set()
            wanted = {topic for topic in changes if topic in self._listeners}
            if fresh := wanted - subscribed:
                await subscriber.subscribe(*(_PREFIX + topic for topic in fresh))
            if stale := (changes - wanted) & subscribed:
                await subscriber.unsubscribe(*(_PREFIX + topic for topic in stale))
            subscribed |= wanted
            subscribed -= stale
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                await subscriber.ping()

    def _ring(self, message: dict[str, object]) -> None:
        """Wake on a message; also on a new subscription, since what happened before it was not heard."""
        channel = message["channel"]
        if message["type"] in {"message", "subscribe"} and isinstance(channel, bytes):
            topic = channel.decode().removeprefix(_PREFIX)
            for wakeups in self._listeners.get(topic, ()):
                wakeups.ring(topic)
