"""The API process under test, the people and things in it, and how much input it gets.

`APERTURE_FUZZ=20` sends twenty times as much, which is another input in every run unless `--hypothesis-seed` is given.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, settings

from aperture.api import build
from core import telemetry
from core.backends import Backends
from core.db import Database
from core.ids import UserId
from core.settings import Settings
from tests.factories.people import follow, person
from tests.factories.posts import comment, post
from tests.factories.sessions import enter
from tests.factories.uploads import upload
from tests.fuzz.answers import require_sane
from tests.small_graph import serving

TIMES = int(os.environ.get("APERTURE_FUZZ", "1"))
TRIES = 10

_slowest: list[tuple[float, bytes]] = []


def amount(examples: int) -> settings:
    """So many inputs for one test, times what was asked for; none is made smaller when it fails, for that is slow."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Target:
    """An API process on a port of this machine, somebody's token, and ids of things that exist."""

    address: str
    http: httpx2.AsyncClient
    token: str
    ids: list[str]

    async def send(self, document: str, **more: Any) -> httpx2.Response:
        """Send one operation; the answer is one that may be given."""
        return await self.post(httpx2.Request("POST", "/", json={"query": document, **more}).content)

    async def post(self, content: bytes) -> httpx2.Response:
        """Send one body; the answer is one that may be given."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        began = time.thread_time()
        answer = await self._answered(content, headers)
        _slowest.append((time.thread_time() - began, content[:200]))
        _slowest.sort(reverse=True)
        del _slowest[3:]
        require_sane(answer)
        return answer

    async def require_alive(self) -> None:
        """It still answers a plain question, of somebody who is signed out, for the token may have ended."""
        question = b'{"query": "{ user(by: {handle: \\"bob\\"}) { handle } }"}'
        answer = await self._answered(question, {"content-type": "application/json"})
        assert answer.json() == {"data": {"user": {"handle": "bob"}}}

    async def _answered(self, content: bytes, headers: dict[str, str]) -> httpx2.Response:
        """The answer; on a machine that is busy with something else, the database may be too slow for a while."""
        for _ in range(TRIES):
            answer = await self.http.post("/graphql", content=content, headers=headers)
            if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(int(answer.headers["retry-after"]))
        return answer


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say of a run in one process what took longest: CPU of server and client together, for they share a thread."""
    for seconds, content in _slowest:
        terminalreporter.write_line(f"fuzz: {seconds * 1000:.0f} ms of CPU for {content!r}")


@pytest.fixture
async def target(
    config: Settings,
    backends: Backends,
    db: Database,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Target]:
    """The process with a little in it; after the test it must still be well, and have logged no fault of its own."""
    telemetry.configure("ERROR")
    ana, bob = await person(db, "ana"), await person(db, "bob")
    await follow(db, ana, bob)
    shown = [await post(db, author) for author in (ana, bob)]
    said = await comment(db, ana, shown[1])
    sent = await upload(db, ana)
    token = (await enter(backends, ana.user_id)).access_token
    ids = [str(UserId(who.user_id)) for who in (ana, bob)] + [str(each) for each in (*shown, said, sent)]
    async with (
        serving(build(config)) as (host, port),
        httpx2.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as http,
    ):
        target = Target(f"{host}:{port}", http, token, ids)
        yield target
        await target.require_alive()
    assert [line for line in caplog.get_records("call") if line.levelno >= logging.ERROR] == []
