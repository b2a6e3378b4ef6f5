"""Thousands of sockets on one post, beside graphql-ws on Node with the same crowd: `python -m bench.live`.

Server, worker, databases and the crowd share one machine: on two cores the figures are theirs together.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from aperture.children import Child
from aperture.wire import UNSENT_BYTES
from bench.contenders import Aperture, Contender, allow_files, aperture, has_node, node, processes
from bench.crowd import Plan, Received
from bench.stage import stage
from bench.talk import Talk, talk

SHARED = "id caption { text } likeCount commentCount"
PERSONAL = f"{SHARED} viewerHasLiked"
QUERY = (
    "subscription($posts: [ID!]!, $after: String) { postEvents(postIds: $posts, after: $after) {"
    " __typename cursor ... on PostUpdatedEvent { post { FIELDS } } } }"
)
NODE_QUERY = "subscription($posts: [ID!]!) { postEvents(postIds: $posts) { __typename cursor post { FIELDS } } }"
SPARE_FILES = 500
WARM_UP = 20
CAPTION = 2000
# For one who stopped reading: the message that was too much, the last words, and what holds them all.
BESIDES = 32 * 1024
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """So many sockets, of which `idle` stop reading; so many events a second for so long."""

    sockets: int
    rate: float
    seconds: float
    idle: int = 0


@dataclass(frozen=True)
class Figures:
    """What one run came to, from the first event to the last receipt; memory in bytes, CPU in seconds."""

    received: Received
    gathering: float
    seconds: float
    connected: int
    grown: int
    cpu: float


def main() -> None:
    """One line per contender and payload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--personal-sockets", type=int, default=1000, help="with a payload that differs by viewer")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=10, help="events per second")
    parser.add_argument("--slow", action="store_true", help="have further clients stop reading, and nothing else")
    parser.add_argument("--slow-sockets", type=int, default=1000)
    options = parser.parse_args()
    allow_files(options.sockets + options.slow_sockets + SPARE_FILES)
    is_beside = not options.slow and has_node()
    with stage("live"), processes() as (api, port):
        asyncio.run(_run(api, port, options, is_beside=is_beside))


async def _run(api: Child, port: int, options: argparse.Namespace, *, is_beside: bool) -> None:
    load = Load(options.sockets, options.rate, options.seconds)
    print(f"{options.rate:g} events/s for {options.seconds:g} s; server and crowd share {os.cpu_count()} cores")
    count = options.sockets + (options.slow_sockets if options.slow else 0)
    async with aperture(api, port, max(count, options.personal_sockets)) as ours:
        await _warm_up(ours)
        if options.slow:
            await _slow(ours, load, options.slow_sockets)
            return
        await _show("shared payload", ours, QUERY.replace("FIELDS", SHARED), load)
        personal = Load(options.personal_sockets, options.rate, options.seconds)
        await _show("payload per viewer", ours, QUERY.replace("FIELDS", PERSONAL), personal)
    if is_beside:
        async with node(options.sockets) as theirs:
            await _show("shared payload", theirs, NODE_QUERY.replace("FIELDS", SHARED), load)
    else:
        print("node and npm are not on the PATH: no baseline")


async def _slow(ours: Aperture, load: Load, idle: int) -> None:
    """Long captions, so that what nobody reads fills whatever holds it."""
    ours.padding = " and so on" * (CAPTION // 10)
    query = QUERY.replace("FIELDS", SHARED)
    alone = await _show("all read", ours, query, load)
    crowd = Load(load.sockets + idle, load.rate, load.seconds, idle)
    beside = await _show(f"{idle} more stop reading", ours, query, crowd)
    grown, bound = beside.grown - max(alone.grown, 0), idle * (UNSENT_BYTES + BESIDES)
    print(
        f"\np99 of those who read: {alone.received.p99:.0f} ms alone, {beside.received.p99:.0f} ms beside the others\n"
        f"memory for those who stopped: {grown / 1e6:.1f} MB; the bound is {bound / 1e6:.1f} MB, {idle} times"
        f" {UNSENT_BYTES // 1024} + {BESIDES // 1024} KiB: {'held' if grown <= bound else 'NOT HELD'}"
    )


async def _warm_up(ours: Aperture) -> None:
    """Load what is loaded at first use, so that it does not count as memory of the connections."""
    for fields in (SHARED, PERSONAL):
        await _measured(ours, QUERY.replace("FIELDS", fields), Load(min(WARM_UP, len(ours.people)), 10, 1))


async def _show(payload: str, who: Contender, query: str, load: Load) -> Figures:
    told = await _measured(who, query, load)
    got = told.received
    print(
        f"\n{who.name}, {payload}: {load.sockets - load.idle} sockets, all there after {told.gathering:.0f} s\n"
        f"  {got.frames} of {got.expected} delivered, {got.astray} twice or out of order"
        f"{f', closed: {got.closed}' if got.closed else ''}\n"
        f"  commit to receipt: p50 {got.p50:.0f} ms, p99 {got.p99:.0f} ms, slowest {got.slowest:.0f} ms\n"
        f"  server: {told.connected / load.sockets / 1000:.1f} kB per connection,"
        f" {told.grown / 1e6:+.1f} MB while sending, {told.cpu / told.seconds:.0%} of a core,"
        f" {told.cpu / (got.frames or 1) * 1e6:.0f} us of CPU per message\n"
        f"  crowd: {got.cpu_seconds / told.seconds:.0%} of a core; {got.events} events in {told.seconds:.1f} s",
        flush=True,
    )
    return told


async def _measured(who: Contender, query: str, load: Load) -> Figures:
    if isinstance(who, Aperture):
        await who.begin_again()
    before, begun = _memory(who.pid), time.monotonic()
    plan = Plan(who.port, who.people[: load.sockets], query, dict(who.variables), load.idle)
    async with _crowd(plan) as crowd:
        gathering, begun = time.monotonic() - begun, time.monotonic()
        connected, cpu = _memory(who.pid), _cpu(who.pid)
        commits = await _publish(who, load)
        received = await _ask(crowd, commits)
        seconds = time.monotonic() - begun
        grown, spent = _memory(who.pid) - connected, _cpu(who.pid) - cpu
        return Figures(received, gathering, seconds, connected - before, grown, spent)


async def _publish(who: Contender, load: Load) -> dict[int, float]:
    """Let the events happen in time, or as fast as they are committed; answers when each of them was."""
    commits, begun = dict[int, float](), time.monotonic()
    for number in range(int(load.rate * load.seconds)):
        await asyncio.sleep(begun + number / load.rate - time.monotonic())
        commits[number] = await who.publish(number)
    return commits


@asynccontextmanager
async def _crowd(plan: Plan) -> AsyncIterator[Talk]:
    """A crowd that stands."""
    async with talk(sys.executable, "-m", "bench.crowd", cwd=Path(__file__).parent.parent) as crowd:
        crowd.say(json.dumps(asdict(plan)))
        if await crowd.hear() != "standing":
            raise SystemExit("The crowd could not gather.")
        yield crowd


async def _ask(crowd: Talk, commits: Mapping[int, float]) -> Received:
    crowd.say(json.dumps(commits))
    return Received(**json.loads(await crowd.hear()))


def _memory(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
