"""The connections of a process: all are closed, whatever happens to one of them."""

import asyncio

import pytest

from core.backends import Backends
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
