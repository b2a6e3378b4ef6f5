"""Fan-out in timeline entries per second, beside redis-benchmark: `python -m bench.fanout`."""

import argparse
import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from sqlalchemy import delete, insert

from aperture.servers import Servers
from aperture.worker import job_context
from bench.stage import Stopwatch, patient_cache, stage
from core import clock
from core.db import Write
from core.events import PostPublished
from core.ids import PostId, new_uuid
from core.settings import settings
from jobs import feed
from jobs.base import JobContext
from jobs.tasks import handle
from models.follows import Follower
from models.posts import Post
from services import outbox
from services.feed import timelines
from services.feed.timelines import Timeline
from services.outbox import Route

T = TypeVar("T")

ENTRY = b"e" * 32


def main() -> None:
    """Print one line per way of writing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--redis-benchmark", default=shutil.which("redis-benchmark") or shutil.which("valkey-benchmark")
    )
    options = parser.parse_args()
    with stage("fanout") as servers:
        asyncio.run(_run(servers, options))


async def _run(servers: Servers, options: argparse.Namespace) -> None:
    async with job_context(settings()) as ctx:
        author, followers = new_uuid(), [new_uuid() for _ in range(options.followers)]
        cache = patient_cache(settings().redis_url)
        post = await _prepare(replace(ctx, cache=cache), author, followers)
        await cache.aclose()
        written = options.followers * options.rounds
        size = await ctx.cache.run(lambda redis: redis.memory_usage(f"bench:{0:012d}"))
        print(f"{options.followers} followers, {options.rounds} posts; a full timeline takes {size:,} bytes")
        baseline = _benchmark(servers, options, written)
        await _pipelined(ctx, len(followers))
        pushed = await _pushed(ctx, followers, post, options.rounds)
        await _whole_task(ctx, post, written, options.rounds)
        if baseline:
            print(f"\npackets against redis-benchmark -P 200: {pushed / baseline:.2f}")


async def _prepare(ctx: JobContext, author: UUID, followers: Sequence[UUID]) -> PostId:
    """Followers in the tables, a full timeline for each, and as many lists for redis-benchmark."""
    post = PostId(author, new_uuid())
    edges = [
        {"followee_id": author, "follower_id": each, "state": "ACTIVE", "created_at": clock.now()} for each in followers
    ]
    async with ctx.db.transaction() as tx:
        await tx.execute(delete(Follower))
        await tx.execute(insert(Post).values(_post(post)))
        for some in _pieces(edges, 5000):
            await tx.execute(insert(Follower), some)
    number = await ctx.epochs.current()
    full = Timeline([os.urandom(32) for _ in range(settings().timeline_length)], is_whole=False)
    for readers in _pieces(followers, 50):
        await asyncio.gather(*(_rebuild(ctx, number, each, full) for each in readers))
    for numbers in _pieces(range(len(followers)), 50):
        async with ctx.cache.pipeline() as pipe:
            for each in numbers:
                pipe.rpush(f"bench:{each:012d}", *full.entries)
            await pipe.execute()
    return post


async def _rebuild(ctx: JobContext, number: int, reader: UUID, full: Timeline) -> None:
    mark = await timelines.begin(ctx.cache, number, reader)
    if mark:
        await timelines.finish(ctx.cache, number, reader, mark, full)


def _benchmark(servers: Servers, options: argparse.Namespace, count: int) -> float | None:
    if options.redis_benchmark is None:
        print("redis-benchmark is not on the PATH (Debian: redis-tools; or name it by --redis-benchmark)")
        return None
    address = ["-s", servers.valkey.url.removeprefix("unix://"), "-c", "1", "-P", "200", "-n", str(count)]
    command = ["-r", str(options.followers), "--csv", "lpushx", "bench:__rand_int__", ENTRY.decode()]
    told = subprocess.run([options.redis_benchmark, *address, *command], check=True, capture_output=True, text=True)
    rate = float(told.stdout.strip().splitlines()[-1].split('","')[1])
    print(f"{'redis-benchmark -P 200, LPUSHX':<48}{rate:>12,.0f} /s")
    return rate


async def _pipelined(ctx: JobContext, count: int) -> None:
    """What most programs do."""
    watch = Stopwatch()
    for piece in _pieces(range(count), 500):
        async with ctx.cache.pipeline() as pipe:
            for each in piece:
                pipe.lpushx(f"bench:{each:012d}", ENTRY)
            await pipe.execute()
    watch.print("redis-py pipeline, LPUSHX", count)


async def _pushed(ctx: JobContext, followers: Sequence[UUID], post: PostId, rounds: int) -> float:
    number, watch = await ctx.epochs.current(), Stopwatch()
    for _ in range(rounds):
        await timelines.push(ctx.cache, number, followers, post)
    return watch.print("one packet for 500 timelines, trimming included", len(followers) * rounds)


async def _whole_task(ctx: JobContext, post: PostId, count: int, rounds: int) -> None:
    """Followers read from PostgreSQL, watchers told, the place kept after each piece."""
    name, event = feed.fan_out_post.name, PostPublished(author_id=post.author_id, post_id=post.id)
    routes = {"PostPublished": [Route(name, "default")]}

    async def emit(tx: Write) -> None:
        for _ in range(rounds):
            outbox.emit(tx, event)

    await ctx.db.write(emit)
    waiting = await ctx.db.write(lambda tx: outbox.relay_batch(tx, routes, rounds))
    watch = Stopwatch()
    for task_id, _ in waiting:
        await handle(ctx, {name: feed.fan_out_post}, task_id)
    watch.print("the whole task", count)


def _post(post: PostId) -> dict[str, object]:
    now = clock.now()
    row: dict[str, object] = {"author_id": post.author_id, "id": post.id, "shortcode": "bench", "kind": "PHOTO"}
    row |= {"status": "PUBLISHED", "audience": "PUBLIC", "caption_mentions": {}, "media_count": 1}
    row |= {"comment_audience": "EVERYONE", "hides_like_count": False, "is_sensitive": False}
    return row | {"created_at": now, "published_at": now}


def _pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


if __name__ == "__main__":
    main()
