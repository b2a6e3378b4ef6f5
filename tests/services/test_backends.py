"""The connections of a process: all are closed, whatever happens to one of them."""

import asyncio

import pytest
from sqlalchemy import text

from core.backends import Backends
from core.db import Database
from core.metrics import REGISTRY
from core.settings import Settings


async def test_what_ends_badly_keeps_nothing_open(config: Settings) -> None:
    async def break_down() -> None:
        raise ZeroDivisionError

    opened = Backends.open(config)
    async with opened.db.reading(), opened.pubsub.listening(["a"]):
        listening = opened.pubsub._task
    opened.tokens.running.add(asyncio.create_task(break_down()))

    with pytest.raises(ZeroDivisionError):
        await opened.aclose()

    assert listening is not None
    assert listening.done()
    assert REGISTRY.get_sample_value("aperture_pool_connections_used", {"pool": "primary"}) == 0


async def test_what_is_lent_at_the_end_is_closed_when_it_comes_back(config: Settings) -> None:
    db = Database.connect(config)
    async with db.reading() as read:
        closing = asyncio.create_task(db.aclose())
        driver = (await read._connection.get_raw_connection()).driver_connection
        assert await read.scalar(text("select 1")) == 1
    await closing

    assert driver is not None
    assert driver.is_closed()
