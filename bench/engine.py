"""A screen of the home feed, by plan, by the reference executor and written by hand: `python -m bench.engine`."""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
import uvicorn
from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.types import ASGIApp

from aperture.api import build
from aperture.asgi import GRAPHQL_PATH, Application
from aperture.edge import Edge
from aperture.origins import Origins
from aperture.server import BoundedHttp, Configuration, Server, configuration
from bench import alone, by_hand, planning
from bench.dataset import Sizes
from bench.screen import SCREEN, request, tokens
from bench.serving import rate, serving
from bench.stage import stage
from core import telemetry
from core.backends import Backends
from core.settings import settings
from core.statements import counted

BY_PLAN: Final = "by plan"
BY_REFERENCE: Final = "by the reference executor"
BY_HAND: Final = "by hand"
# Limits that nobody reaches cost as much as others.
FACTOR: Final = "1000000"


def main() -> None:
    """Print pages per CPU-second of the server process with their ratios, and what one page and one plan take."""
    parser = argparse.ArgumentParser(description=__doc__)
    Sizes.add_to(parser)
    parser.add_argument("--readers", type=int, default=100, help="how many people ask in turns")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each is asked in a round")
    options = parser.parse_args()
    sizes = Sizes.given(options)
    name = "feed_" + "_".join(str(size) for size in vars(sizes).values())
    with stage(name), Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        os.environ["APERTURE_RATE_LIMIT_FACTOR"] = FACTOR
        settings.cache_clear()
        # One line is logged per request, as in production.
        telemetry.configure("INFO")
        with asyncio.Runner(loop_factory=uvicorn.Config(by_hand.route).get_loop_factory()) as runner:
            runner.run(_run(sizes, options))
        alone.show()
        planning.show()


async def _run(sizes: Sizes, options: argparse.Namespace) -> None:
    backends = Backends.open(settings())
    try:
        readers = await tokens(backends, sizes, options.readers)
        print(f"{sizes.people} people, {sizes.posts} posts; {len(readers)} readers in turns")
        compiled, reference = build(settings()), _reference()
        async with _all(backends, compiled, reference) as ports:
            await _compare(ports, readers, options)
            await _count(backends, compiled, readers[0])
    finally:
        await backends.aclose()


def _reference() -> Application:
    os.environ["APERTURE_ENGINE"] = "reference"
    settings.cache_clear()
    try:
        return build(settings())
    finally:
        del os.environ["APERTURE_ENGINE"]
        settings.cache_clear()


@asynccontextmanager
async def _all(backends: Backends, compiled: Application, reference: Application) -> AsyncIterator[dict[str, int]]:
    """The ports of all three, each behind the same edge and the same bounds."""
    edge = Edge(
        Starlette(routes=[by_hand.route(backends)]),
        Origins.of(settings()),
        is_secure=False,
        is_ending=lambda: False,
    )
    async with (
        serving(uvicorn.Server(_plain(edge))) as by_hand_port,
        serving(Server(configuration(reference, settings()), reference)) as reference_port,
        serving(Server(configuration(compiled, settings()), compiled)) as compiled_port,
    ):
        yield {BY_PLAN: compiled_port, BY_REFERENCE: reference_port, BY_HAND: by_hand_port}


def _plain(app: ASGIApp) -> Configuration:
    options: dict[str, Any] = {"http": BoundedHttp, "lifespan": "off", "log_config": None, "access_log": False}
    return Configuration(app, settings().limits, server_header=False, **options)  # type: ignore[arg-type]


async def _compare(ports: dict[str, int], readers: Sequence[str], options: argparse.Namespace) -> None:
    rates: dict[str, list[float]] = {name: [] for name in ports}
    bodies: dict[str, Any] = {}
    for turn in range(options.rounds + 1):
        for name, port in ports.items():
            path = by_hand.PATH if name == BY_HAND else GRAPHQL_PATH
            requests = [request(path, token) for token in readers]
            found, body = await rate(port, requests, options.seconds)
            # The first round warms up.
            if turn:
                rates[name].append(found)
            bodies[name] = orjson.loads(body)
    _require_alike(bodies)
    base = median(rates[BY_PLAN])
    for name, all_found in rates.items():
        print(f"{name:<28}{median(all_found):>8,.0f} pages/CPU-s{base / median(all_found):>8.2f}", flush=True)


def _require_alike(bodies: dict[str, Any]) -> None:
    """All answers have the same shape: readers differ."""
    shapes = {name: _shape(body) for name, body in bodies.items()}
    if any(shape != shapes[BY_PLAN] for shape in shapes.values()):
        raise RuntimeError(shapes)


def _shape(value: Any) -> Any:
    """What stands where, one item standing for each list."""
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    return [_shape(value[0])] if isinstance(value, list) and value else None


async def _count(backends: Backends, app: Application, token: str) -> None:
    """What one page takes on the wires, and a document that was never seen in CPU time."""
    async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client:

        async def ask(document: str) -> int:
            headers = {"authorization": f"Bearer {token}"}
            answer = await client.post(GRAPHQL_PATH, json={"query": document}, headers=headers)
            return len(answer.content)

        async def packets() -> int:
            found = await backends.cache.run(lambda redis: redis.info("stats"))
            return int(found["total_reads_processed"])

        statements, trips, size = [], [], 0
        for _ in range(9):
            # Asking for the number is a packet too.
            before = await packets()
            with counted() as ran:
                size = await ask(SCREEN)
            trips.append(await packets() - before - 1)
            statements.append(len(ran))
        print(f"{min(statements)} statements, {min(trips)} round trips to Redis, {size} bytes")


if __name__ == "__main__":
    main()
