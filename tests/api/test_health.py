"""The health pages: true, quick, the same for a thousand who ask at once, and silent about what is behind them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx2
import pytest

from aperture import health
from aperture.health import Check, Health
from tests.small_graph import SECRET, World, http_client, small_application

Ask = Callable[[], Coroutine[Any, Any, httpx2.Response]]


class Part:
    """Something to look at, which counts how often that happens."""

    def __init__(self) -> None:
        self.is_well = True
        self.looks = count()
        self.answers = asyncio.Event()
        self.answers.set()

    async def check(self) -> None:
        next(self.looks)
        await self.answers.wait()
        if not self.is_well:
            raise OSError(SECRET)


@asynccontextmanager
async def _asking(part: Part) -> AsyncIterator[Ask]:
    app = small_application(World(), health=Health({"part": part.check}))
    async with http_client(app) as http:
        yield lambda: http.get("/health/ready")


@pytest.fixture
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "REMEMBERED_SECONDS", 0)


@pytest.mark.usefixtures("_forgetful")
async def test_it_tells_the_truth() -> None:
    database, redis = Part(), Part()
    required: dict[str, Check] = {"database": database.check}
    app = small_application(World(), health=Health(required, {"redis": redis.check}, shows_parts=True))
    async with http_client(app) as http:
        live = await http.get("/health/live")
        redis.is_well = False
        ready = await http.get("/health/ready")
        database.is_well = False
        down = await http.get("/health/ready")
        app.begin_to_end()
        ending = await http.get("/health/ready")

    assert (live.status_code, ready.status_code, down.status_code, ending.status_code) == (200, 200, 503, 503)
    assert ready.json() == {"status": "ok", "parts": {"database": "ok", "redis": "degraded"}}
    assert down.json()["parts"]["database"] == "degraded"
    assert ending.headers["connection"] == "close"


async def test_a_thousand_who_ask_at_once_cause_one_look() -> None:
    part = Part()
    part.answers.clear()
    async with _asking(part) as ask:
        asked = [asyncio.create_task(ask()) for _ in range(1000)]
        await asyncio.sleep(0)
        part.answers.set()
        answers = await asyncio.gather(*asked)
        later = await ask()

    assert {answer.status_code for answer in [*answers, later]} == {200}
    assert next(part.looks) == 1


async def test_who_leaves_ends_the_look_of_nobody_else() -> None:
    part = Part()
    part.answers.clear()
    async with _asking(part) as ask:
        leaving, staying = asyncio.create_task(ask()), asyncio.create_task(ask())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
        part.answers.set()
        answer = await staying

    assert leaving.cancelled()
    assert answer.status_code == 200


async def test_strangers_are_not_told_what_is_wrong() -> None:
    part = Part()
    part.is_well = False
    async with _asking(part) as ask:
        answer = await ask()

    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
