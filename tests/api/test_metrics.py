"""What Prometheus reads: operations by name and outcome, errors, connections; at an address of its own."""

import asyncio
import socket
import urllib.request
from collections.abc import Callable

import httpx2
import pytest

from aperture import metrics
from core.metrics import REGISTRY
from core.statements import counted
from tests.small_graph import World, http_client, settings, small_application

Difference = Callable[..., float]


@pytest.fixture
def more() -> Difference:
    """By how much a number has grown since the last time it was asked for."""
    seen: dict[object, float] = {}

    def grown(name: str, **labels: str) -> float:
        now = REGISTRY.get_sample_value(f"aperture_{name}", labels) or 0.0
        before, seen[name, *labels.values()] = seen.get((name, *labels.values()), now), now
        return now - before

    return grown


async def post(http: httpx2.AsyncClient, query: str) -> httpx2.Response:
    return await http.post("/graphql", json={"query": query})


async def test_an_operation_is_counted_by_its_name_and_how_it_ended(more: Difference) -> None:
    query = "query Often { hello }"
    async with http_client(small_application(World())) as http:
        for _ in range(20):
            await post(http, query)
        named = {"operation": "Often", "kind": "query"}
        more("operations_total", outcome="OK", **named)
        more("operation_seconds_count", **named)
        more("operation_points_count", kind="query")
        more("http_responses_total", status="200")

        await post(http, query)

    assert more("operations_total", outcome="OK", **named) == 1
    assert more("operation_seconds_count", **named) == 1
    assert more("operation_points_count", kind="query") == 1
    assert more("http_responses_total", status="200") == 1


@pytest.mark.parametrize(
    ("query", "kind", "code"),
    [
        ("{ broken }", "query", "INTERNAL"),
        ("{ forbidden }", "query", "RATE_LIMITED"),
        ("{ nothing }", "none", "VALIDATION_FAILED"),
    ],
)
async def test_an_operation_that_fails_is_counted_by_its_code(
    more: Difference, query: str, kind: str, code: str
) -> None:
    labels = {"operation": "unnamed", "kind": kind, "outcome": code}
    more("operations_total", **labels)
    more("errors_total", code=code)

    async with http_client(small_application(World())) as http:
        await post(http, query)

    assert more("operations_total", **labels) == 1
    assert more("errors_total", code=code) == 1


async def test_an_operation_whose_client_left_is_counted_as_cancelled(more: Difference) -> None:
    world = World()
    labels = {"operation": "unnamed", "kind": "query", "outcome": "CANCELLED"}
    more("operations_total", **labels)
    async with http_client(small_application(world)) as http:
        asking = asyncio.create_task(post(http, "{ slow }"))
        await world.reached.wait()
        asking.cancel()
        await world.cancelled.wait()
        await asyncio.wait([asking])

    assert more("operations_total", **labels) == 1


def test_a_count_around_another_one_has_its_statements_too() -> None:
    with counted() as around:
        with counted() as inside:
            inside.statements.append("select 1")

        assert len(around) == 1


async def test_metrics_have_an_address_of_their_own_that_is_gone_with_the_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    async with metrics.shown(settings(metrics_port=port)):
        shown = await asyncio.to_thread(_read, port)

    assert "aperture_loop_lag_seconds_bucket" in shown
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_without_a_port_nothing_is_shown() -> None:
    async with metrics.shown(settings()):
        pass

    async with http_client(small_application(World())) as http:
        assert (await http.get("/metrics")).status_code == 404


def _read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return str(answer.read(), "utf-8")
