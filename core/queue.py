"""The queue's messenger: it says which task waits, so that a worker need not look; nothing depends on it."""

import asyncio
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import orjson
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from core.redis import Breaker, CacheUnavailable, pool

JOB = "handle"
_DEADLINE_SECONDS = 0.6
_AT_ONCE = 16


def queue_key(queue: str) -> str:
    """The name of a queue in Redis."""
    return f"aperture:queue:{queue}"


def serialize(job: dict[str, Any]) -> bytes:
    """A job as JSON: the library's own choice, pickle, runs the code of whoever can write to Redis."""
    return orjson.dumps(job, default=repr)


def deserialize(job: bytes) -> dict[str, Any]:
    """A job read back."""
    return cast("dict[str, Any]", orjson.loads(job))


def arq_client(url: str) -> ArqRedis:
    """A client of the queue's plain Redis."""
    return ArqRedis(pool_or_conn=pool(url), job_serializer=serialize, job_deserializer=deserialize)


class Queue:
    """Sends hints to the workers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._arq = arq_client(url)
        self._breaker = Breaker()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @property
    def is_away(self) -> bool:
        """The last hint did not arrive: sweepers need not wait for hints."""
        return self._breaker.is_open

    async def hint(self, task_id: UUID, queue: str) -> None:
        """Tell the workers of a queue about a task, in time or not at all; each hint is a job of its own."""
        with suppress(CacheUnavailable):
            await self._send(task_id, queue)

    async def _send(self, task_id: UUID, queue: str) -> None:
        async with self._turns:
            self._breaker.enter()
            try:
                async with asyncio.timeout(_DEADLINE_SECONDS):
                    await self._arq.enqueue_job(JOB, str(task_id), _queue_name=queue_key(queue))
            except (RedisError, OSError):
                self._breaker.failed()
            else:
                self._breaker.succeeded()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._arq.aclose(close_connection_pool=True)
