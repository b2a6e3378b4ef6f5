"""Lists of people with very many of them: `python -m bench.graph`."""

import argparse
import asyncio
import statistics
import time
from typing import Any, Final

from aperture.execution import Graph, GraphQLRequest, execute
from aperture.graphql import schema
from bench import crowded_graph
from bench.crowded_graph import BUSY, CROWD, FEW, FOLLOWED, KNOWN, LARGE, QUIET, SMALL, USUAL
from bench.stage import stage
from core.backends import Backends
from core.ids import UserId
from core.settings import settings
from core.viewer import Viewer
from schema.context import Context

TARGET: Final = 1.2
FOLLOWERS: Final = """query Followers($id: ID!) { node(id: $id) { ... on User {
  followers(first: 20) { totalCount edges { cursor node { id handle displayName relationship { followState } } }
    pageInfo { hasNextPage endCursor } } } } }"""
KNOWN_ONES: Final = """query Known($id: ID!) { node(id: $id) { ... on User {
  followersYouKnow(first: 3) { nodes { id handle } } relationship { followersYouKnowCount } } } }"""
Figures = tuple[list[float], list[float]]


def main() -> None:
    """Load the graph, if it is not there, and print milliseconds of one operation at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    with stage("graph"):
        asyncio.run(_run(rounds))


async def _run(rounds: int) -> None:
    backends = Backends.open(settings())
    print("loading the graph, once ...", flush=True)
    await crowded_graph.fill(backends.db)
    graph = Graph(schema._schema)  # noqa: SLF001 - the only way
    print(f"{'milliseconds':<58}{'CPU p50':>9}{'p99':>8}{'wall p50':>10}{'p99':>8}")
    viewers = {"signed out": None, "who follows nobody": QUIET, "who follows 200": USUAL, "who follows 7,500": BUSY}
    for name, viewer in viewers.items():
        large, small = await _pair(backends, graph, viewer, rounds)
        _print(f"followers, 20 of {CROWD:,}, {name}", large)
        _print(f"followers, 20 of {FEW:,}, {name}", small)
        ratios = [_middle(one) / _middle(other) for one, other in zip(large, small, strict=True)]
        print(f"{'  ratio; the aim is ' + str(TARGET):<58}{ratios[0]:>9.2f}{ratios[1]:>18.2f}")
    known = await _measured(backends, graph, BUSY, KNOWN_ONES, [LARGE] * rounds)
    _print(f"{KNOWN:,} known, {FOLLOWED:,} followed, {CROWD:,} followers", known)
    await backends.aclose()


async def _pair(backends: Backends, graph: Graph, viewer: Any, rounds: int) -> tuple[Figures, Figures]:
    """Both accounts in turns, so that what else the machine does meets both alike."""
    cpu, wall = await _measured(backends, graph, viewer, FOLLOWERS, [LARGE, SMALL] * rounds)
    return (cpu[::2], wall[::2]), (cpu[1::2], wall[1::2])


async def _measured(backends: Backends, graph: Graph, viewer: Any, document: str, people: list[Any]) -> Figures:
    """Milliseconds of this process's CPU and on the wall, of each operation."""
    cpu, wall = list[float](), list[float]()
    for person in people[:20] + people:
        request = GraphQLRequest(document, variables={"id": str(UserId(person))})
        began, spent = time.perf_counter(), time.process_time()
        answer = await execute(graph, request, Context(backends, Viewer(id=viewer)))
        cpu.append((time.process_time() - spent) * 1000)
        wall.append((time.perf_counter() - began) * 1000)
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
    return cpu[20:], wall[20:]


def _print(name: str, figures: Figures) -> None:
    cpu, wall = ((_middle(each), statistics.quantiles(each, n=100)[98]) for each in figures)
    print(f"{name:<58}{cpu[0]:>9.2f}{cpu[1]:>8.2f}{wall[0]:>10.2f}{wall[1]:>8.2f}")


def _middle(figures: list[float]) -> float:
    return statistics.median(figures)


if __name__ == "__main__":
    main()
