"""What a benchmark runs on: embedded servers as they are for users, with a migrated database of its own."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.asyncio import Redis

from aperture.migrate import upgrade
from aperture.servers import Servers, embedded
from core.redis import Cache, pool
from core.settings import settings

FOLDER = Path(".aperture/bench").absolute()


@contextmanager
def stage(database: str) -> Iterator[Servers]:
    """Servers below `FOLDER`, and settings that name them; the database is kept for the next run, Valkey is emptied."""
    with embedded(FOLDER) as servers:
        servers.postgres.ensure_database(database)
        os.environ |= {
            "APERTURE_ENVIRONMENT": "test",
            "APERTURE_SECRET_KEY": "a secret of benchmarks, long enough",
            "APERTURE_RATE_LIMIT_FACTOR": "0",
            "APERTURE_STORAGE_PATH": str(FOLDER / "objects"),
            "APERTURE_LOG_LEVEL": "ERROR",
            "DATABASE_URL": servers.postgres.url(database),
            "REDIS_URL": servers.valkey.url,
        }
        settings.cache_clear()
        upgrade()
        asyncio.run(_forget(servers.valkey.url))
        yield servers


async def _forget(url: str) -> None:
    cache = patient_cache(url)
    await cache.run(lambda redis: redis.flushall())
    await cache.aclose()


def patient_cache(url: str) -> Cache:
    """A client that waits half a minute, for preparations that keep the server busy."""
    return Cache(Redis.from_pool(pool(url, socket_timeout=30, timeout=30)))


class Stopwatch:
    """Seconds on the wall and of this process's CPU since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def rates(self, count: int) -> tuple[float, float]:
        """So many per second, and per CPU-second of this process."""
        return count / (time.perf_counter() - self._wall), count / (time.process_time() - self._cpu)

    def print(self, what: str, count: int) -> float:
        """One line of figures; returns the rate per second."""
        wall, cpu = self.rates(count)
        print(f"{what:<48}{wall:>12,.0f} /s{cpu:>14,.0f} /CPU-s", flush=True)
        return wall
