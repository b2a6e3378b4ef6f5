"""Redis that is missing, frozen, killed or emptied: everything goes on, and old contents are never believed."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.exceptions import ResponseError

from aperture.servers import Valkey
from core.db import Database
from core.pubsub import PubSub
from core.queue import Queue
from core.redis import Cache, CacheUnavailable
from services import epochs
from services.epochs import Epochs
from tests.jobs.parts import until

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A server of the test's own, to be killed."""
    with tempfile.TemporaryDirectory(prefix="aperture-away-", ignore_cleanup_errors=True) as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def cache(valkey: Valkey) -> AsyncIterator[Cache]:
    opened = Cache.from_url(valkey.url)
    yield opened
    await opened.aclose()


async def test_a_missing_server_is_told_as_such_and_then_left_alone() -> None:
    cache = Cache.from_url(NOWHERE)
    with pytest.raises(CacheUnavailable):
        await cache.run(lambda redis: redis.ping())
    calls = 0

    async def count() -> None:
        nonlocal calls
        calls += 1

    for _ in range(100):
        with pytest.raises(CacheUnavailable):
            await cache.run(lambda _: count())

    assert calls == 0
    assert cache.is_away
    await cache.aclose()


async def test_after_the_pause_one_caller_tries_and_the_others_wait(
    valkey: Valkey, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    _kill(valkey)
    with pytest.raises(CacheUnavailable):
        await cache.run(lambda redis: redis.ping())
    valkey.start()
    _pass_time(monkeypatch, 1.5)

    async with cache.calls() as redis:
        with pytest.raises(CacheUnavailable):
            await cache.run(lambda redis: redis.ping())
        await redis.ping()

    assert await cache.run(lambda redis: redis.ping())
    assert not cache.is_away


async def test_a_frozen_server_holds_nobody(valkey: Valkey, cache: Cache) -> None:
    await cache.run(lambda redis: redis.ping())
    assert valkey.pid
    os.kill(valkey.pid, signal.SIGSTOP)

    try:
        with pytest.raises(CacheUnavailable):
            await cache.run(lambda redis: redis.ping())
        with pytest.raises(CacheUnavailable):
            await cache.run(lambda redis: redis.ping())
    finally:
        os.kill(valkey.pid, signal.SIGCONT)


async def test_a_restarted_server_is_found_again(valkey: Valkey, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    await cache.run(lambda redis: redis.ping())

    await _restart(valkey, cache, monkeypatch)

    assert await cache.run(lambda redis: redis.ping())


async def test_a_full_server_counts_as_away_and_a_wrong_command_does_not(cache: Cache) -> None:
    with pytest.raises(ResponseError):
        await cache.run(lambda redis: redis.config_set("no such", 1))
    assert not cache.is_away

    await cache.run(lambda redis: redis.config_set("maxmemory", 1))
    with pytest.raises(CacheUnavailable):
        await cache.run(lambda redis: redis.set("a", "b" * 100))


async def test_commands_of_a_pipeline_travel_together(cache: Cache) -> None:
    async with cache.pipeline() as pipe:
        pipe.set("a", 1)
        pipe.incr("a")
        pipe.get("a")
        assert await pipe.execute() == [True, 2, b"2"]


async def test_the_epoch_stands_while_the_server_is_the_same(db: Database, cache: Cache) -> None:
    here, there = Epochs(db, cache), Epochs(db, cache)

    assert await here.current() == await there.current() == await here.current(fresh=True) == 1


async def test_whoever_asks_first_raises_the_epoch_after_a_restart(
    valkey: Valkey, cache: Cache, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, worker = Epochs(db, cache), Epochs(db, cache)
    await reader.current()
    await worker.current()

    await _restart(valkey, cache, monkeypatch)

    assert await reader.current() == 2
    assert await worker.current() == 2


async def test_the_epoch_is_asked_for_at_most_twice_a_second_unless_it_has_to_be_fresh(
    db: Database, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Epochs(db, cache)
    await known.current()
    await db.write(lambda tx: epochs.raise_for(tx, "another server"))

    assert await known.current() == 1
    assert await known.current(fresh=True) == 3, "raised for the other server, and again for this one"


async def test_many_who_notice_at_once_raise_it_once(db: Database, cache: Cache) -> None:
    await db.write(lambda tx: epochs.raise_for(tx, str(uuid4())))

    numbers = await asyncio.gather(*(Epochs(db, cache).current() for _ in range(10)))

    assert set(numbers) == {2}


async def test_without_redis_there_is_no_epoch(db: Database) -> None:
    away = Cache.from_url(NOWHERE)

    with pytest.raises(CacheUnavailable):
        await Epochs(db, away).current()
    await away.aclose()


async def test_without_redis_listeners_wait_their_time_and_wakers_do_nothing() -> None:
    pubsub = PubSub(NOWHERE)

    async with pubsub.listening(["a"]) as wakeups:
        await pubsub.wake("a")
        assert not await wakeups.wait(0.05)

    await pubsub.aclose()


async def test_a_wake_up_reaches_who_listens_to_its_topic(redis_url: str) -> None:
    here, there = PubSub(redis_url), PubSub(redis_url)

    async with here.listening(["a", "b"]) as ours, here.listening(["c"]) as theirs:
        for wakeups in (ours, ours, theirs):
            await wakeups.wait(1)
        await there.wake("b", "nobody's")
        assert await ours.wait(5)
        assert not await theirs.wait(0.05)

    await here.aclose()
    await there.aclose()


async def test_listeners_are_woken_when_the_server_is_back(valkey: Valkey) -> None:
    pubsub = PubSub(valkey.url)

    async with pubsub.listening(["a"]) as wakeups:
        assert await wakeups.wait(5)
        _kill(valkey)
        valkey.start()
        assert await wakeups.wait(10), "subscribed anew: what happened meanwhile was not heard"
        await pubsub.wake("a")
        assert await wakeups.wait(5)

    await pubsub.aclose()


async def test_who_has_left_is_not_subscribed_any_more(valkey: Valkey, cache: Cache) -> None:
    pubsub = PubSub(valkey.url)
    async with pubsub.listening(["stays"]) as wakeups:
        await wakeups.wait(5)
        async with pubsub.listening(["goes"]) as other:
            await other.wait(5)

        async def goes_on_alone() -> bool:
            return await cache.run(lambda redis: redis.pubsub_channels("wake:?*")) == [b"wake:stays"]

        await until(goes_on_alone)

    await pubsub.aclose()


async def test_a_hint_to_nowhere_ends_in_time_and_says_nothing() -> None:
    queue = Queue(NOWHERE)

    await queue.hint(uuid4(), "default")
    await queue.hint(uuid4(), "default")

    assert queue.is_away
    await queue.aclose()


def _kill(valkey: Valkey) -> None:
    assert valkey.pid
    os.kill(valkey.pid, signal.SIGKILL)


async def _restart(valkey: Valkey, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kill it, let a caller notice, start it, and let the pause go by."""
    _kill(valkey)
    with pytest.raises(CacheUnavailable):
        await cache.run(lambda redis: redis.ping())
    valkey.start()
    _pass_time(monkeypatch, 2)


def _pass_time(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + seconds)
