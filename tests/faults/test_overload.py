"""More than one process can do: health answers, refusals say when to come back, and afterwards all is as before."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count

import asyncpg
import httpx2
import pytest

from aperture.children import Child
from aperture.site import DATABASE, HOST
from tests.devices import Device
from tests.live import RECOVERY_SECONDS, STOP_SECONDS, Live, free_port

FEED = "{ viewer { homeFeed(first: 5, mode: CHRONOLOGICAL) { nodes { ... on Post { id commentCount } } } } }"
AT_ONCE = 100
_numbers = count()


class Crowd:
    """Many who ask one process at once."""

    def __init__(self, http: httpx2.AsyncClient, metrics: str) -> None:
        self._http = http
        self._metrics = metrics

    async def ask(self, document: str) -> httpx2.Response:
        return await self._http.post("/graphql", json={"query": document})

    @asynccontextmanager
    async def asking(self, document: Callable[[], str]) -> AsyncIterator[list[httpx2.Response]]:
        """All of them ask one thing after the other while the block runs; their answers so far, and in the end all."""
        answers, is_over = list[httpx2.Response](), asyncio.Event()

        async def ask_on() -> None:
            while not is_over.is_set():
                answers.append(await self.ask(document()))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(ask_on())
            yield answers
            is_over.set()

    async def health(self, page: str) -> int:
        return (await self._http.get(f"/health/{page}")).status_code

    async def is_shed(self) -> bool:
        """Whether anything was refused since work waited for too long."""
        shown = (await self._http.get(self._metrics)).text.splitlines()
        return any(line.startswith("aperture_shed_total{") and 'reason="delay"' in line for line in shown)

    async def is_served(self) -> bool:
        """Whether an ordinary read succeeds."""
        return "errors" not in (await self.ask(FEED)).json()


@pytest.fixture
def ports(live: Live) -> Iterator[tuple[int, int]]:
    """Where a process of little patience, with a single connection to PostgreSQL, answers and shows its metrics."""
    port, metrics_port = free_port(), free_port()
    settings = {"APERTURE_PORT": port, "APERTURE_METRICS_PORT": metrics_port}
    size = {"APERTURE_POOL_SIZE": 1, "APERTURE_POOL_OVERFLOW": 0, "APERTURE_LIMITS": "{}"}
    child = Child(
        name="small aperture serve",
        command=[sys.executable, "-m", "aperture", "serve"],
        log=live.site.logs / "small.log",
        env=live.environment | {name: str(value) for name, value in {**settings, **size}.items()},
    )
    child.await_ready(lambda: _answers(port))
    yield port, metrics_port
    child.stop(STOP_SECONDS)
    assert '"level": "error"' not in child.log.read_text()


@pytest.fixture
async def crowd(ports: tuple[int, int], circle: list[Device]) -> AsyncIterator[Crowd]:
    """All of them are one person, whose session the process knows."""
    headers = {"authorization": f"Bearer {circle[0].token}"}
    base_url, metrics = (f"http://{HOST}:{port}" for port in ports)
    limits = httpx2.Limits(max_connections=2 * AT_ONCE)
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, timeout=30, limits=limits) as http:
        yield Crowd(http, f"{metrics}/metrics")


async def test_what_waits_for_a_held_up_database_is_refused_and_health_answers(
    live: Live, crowd: Crowd, posts: list[str]
) -> None:
    async with locked(live, "posts"), crowd.asking(lambda: FEED) as answers:
        await until(crowd.is_shed)
        health = {await crowd.health("live"), await crowd.health("ready")}
    await until(crowd.is_served)

    assert health == {200}
    require_refusals(answers, {"UNAVAILABLE", "TIMEOUT"})


async def test_more_documents_than_can_be_read_are_refused_and_health_answers(crowd: Crowd, posts: list[str]) -> None:
    async with crowd.asking(heavy) as answers:
        await until(crowd.is_shed)
        health = await crowd.health("live")
    await until(crowd.is_served)

    assert health == httpx2.codes.OK
    require_refusals(answers, {"UNAVAILABLE", "TIMEOUT", "VALIDATION_FAILED"})


def heavy() -> str:
    """A document that nobody has sent before and that is long to read."""
    fields = "id handle displayName pronouns isVerified isPrivate status joinedAt isViewer url avatar { width height }"
    unused = " ".join(f"fragment F{number} on User {{ {fields} {fields} }}" for number in range(25))
    return f"query Q{next(_numbers)} {{ __typename }} {unused}"


def require_refusals(answers: list[httpx2.Response], codes: set[str]) -> None:
    """All of them say what is the matter, and those that did not run when to come back."""
    for answer in answers:
        first = answer.json()["errors"][0]["extensions"]
        assert first["code"] in codes
        if first["code"] == "UNAVAILABLE":
            assert first["retryAfter"] in {1, 2, 3}
        if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            assert answer.headers["retry-after"] == str(first["retryAfter"])
    assert any(answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE for answer in answers)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Try again and again until it holds."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        while not await holds():
            continue


@asynccontextmanager
async def locked(live: Live, table: str) -> AsyncIterator[None]:
    """Let nobody read a table inside the block."""
    connection = await asyncpg.connect(live.postgres.url(DATABASE).replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in access exclusive mode")
            yield
    finally:
        await connection.close()


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://{HOST}:{port}/health/ready").status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False
