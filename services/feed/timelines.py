"""Timelines in Redis: per person, a list of what stands in the home feed; it may vanish and is rebuilt."""

import asyncio
import os
import random
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.ending import end
from core.ids import PostId
from core.redis import Cache
from core.settings import settings

# A list holds entries of post id and author id, so that their order as bytes is that of their creation. Marks have no
# post id. From left to right: what was pushed since the rebuild, in any order; the rebuild's own mark; what it read,
# newest first; and the end mark, if nothing older exists. Pushes go to the left and trimming takes from the right.
_NOTHING = UUID(int=0)
_NO_POST = _NOTHING.bytes
_END = bytes(32)
_FIRST = bytes(15) + b"\1"

_LOCK_SECONDS = 5
_DAY = 86_400
_LIFETIME = 4 * _DAY
_COMPLETE_LIFETIME = 3 * _DAY
# Trimming at every push would cost as much as the push.
_SLACK = 100
_PIECE = 500
_IN_FLIGHT = 4


@dataclass(frozen=True, slots=True)
class Timeline:
    """Entries, oldest first: all there are from the first one on; `is_whole` if nothing older exists."""

    entries: Sequence[bytes]
    is_whole: bool

    @property
    def start(self) -> UUID:
        """The oldest post from which on nothing is missing."""
        return _NOTHING if self.is_whole else post_of(self.entries[0]).id

    def newest(self, count: int, before: UUID | None, without: Collection[UUID] = ()) -> list[PostId] | None:
        """The newest `count` posts made before another one; None if more of them may exist than stand here.

        Those of the authors `without` whom it is to be are passed over.
        """
        if without:
            kept = [entry for entry in self.entries if post_of(entry).author_id not in without]
            return Timeline(kept, self.is_whole).newest(count, before)
        end = len(self.entries) if before is None else bisect_left(self.entries, before.bytes)
        if end < count and not self.is_whole:
            return None
        return [post_of(entry) for entry in reversed(self.entries[max(end - count, 0) : end])]


def entry_of(post_id: PostId) -> bytes:
    """What stands in a timeline for a post."""
    return post_id.id.bytes + post_id.author_id.bytes


def post_of(entry: bytes) -> PostId:
    """The post an entry stands for."""
    return PostId(author_id=UUID(bytes=entry[16:]), id=UUID(bytes=entry[:16]))


async def read(cache: Cache, epoch: int, user_id: UUID) -> Timeline | None:
    """The timeline of a person; None if it is not there or may lack something."""
    key = _key(epoch, user_id)
    async with cache.pipeline() as pipe:
        pipe.exists(_complete(key))
        pipe.lrange(key, 0, -1)
        is_complete, raw = await pipe.execute()
    return _told(raw) if is_complete else None


async def begin(cache: Cache, epoch: int, user_id: UUID) -> bytes | None:
    """Start a rebuild: from now on pushes are kept. None while another process is at it; else the mark for `finish`."""
    key, mark = _key(epoch, user_id), _NO_POST + os.urandom(16)
    began = await cache.script(_BEGIN, [key, _complete(key), _lock(key)], [mark, _LOCK_SECONDS, _LIFETIME])
    return mark if began else None


async def finish(cache: Cache, epoch: int, user_id: UUID, mark: bytes, timeline: Timeline) -> None:
    """End a rebuild with what was read since `begin`; a timeline dropped or begun anew meanwhile is left alone."""
    key = _key(epoch, user_id)
    end = [_END] if timeline.is_whole else []
    # Timelines built together do not run out together.
    lifetime = int(_COMPLETE_LIFETIME * random.uniform(0.9, 1.1))  # noqa: S311 - no secret
    arguments = [mark, lifetime, *reversed(timeline.entries), *end]
    await cache.script(_FINISH, [key, _complete(key), _lock(key)], arguments)


async def drop(cache: Cache, epoch: int, user_id: UUID) -> None:
    """Forget a timeline; the next read rebuilds it."""
    key = _key(epoch, user_id)
    await cache.run(lambda redis: redis.delete(key, _complete(key)))


async def push(cache: Cache, epoch: int, user_ids: Sequence[UUID], post_id: PostId) -> None:
    """Add a post to those timelines of these people that exist."""
    kept, entry = settings().timeline_length, entry_of(post_id)

    async def run(keys: Sequence[bytes]) -> None:
        lengths = await cache.each("LPUSHX", keys, entry)
        long = [key for key, length in zip(keys, lengths, strict=True) if length > kept + _SLACK]
        await cache.each("LTRIM", long, b"0", b"%d" % (kept - 1))

    await _on_all(run, epoch, user_ids)


async def remove(cache: Cache, epoch: int, user_ids: Sequence[UUID], post_id: PostId) -> None:
    """Take a post out of the timelines of these people."""
    await _on_all(lambda keys: cache.each("LREM", keys, b"0", entry_of(post_id)), epoch, user_ids)


async def _on_all(run: Callable[[Sequence[bytes]], Awaitable[object]], epoch: int, user_ids: Sequence[UUID]) -> None:
    """Run on all keys, some pieces at once; if one fails all end. A cluster wants a piece to be of one slot."""
    starts = iter(range(0, len(user_ids), _PIECE))

    async def run_pieces() -> None:
        for start in starts:
            await run([_key(epoch, each).encode() for each in user_ids[start : start + _PIECE]])

    running = [asyncio.create_task(run_pieces()) for _ in range(_IN_FLIGHT)]
    try:
        await asyncio.gather(*running)
    finally:
        await end(*running)


def _told(raw: Sequence[bytes]) -> Timeline | None:
    """What a list says, without repeats and marks; None once trimming has taken all that the rebuild had read."""
    # Lists are nearly in order, backwards, which takes one walk to sort.
    ordered = list(dict.fromkeys(sorted(raw)))
    posts = bisect_left(ordered, _FIRST)
    if not posts:
        return None
    if ordered[0] == _END:
        return Timeline(ordered[posts:], is_whole=True)
    if raw[-1] < _FIRST:
        return None
    return Timeline(ordered[bisect_left(ordered, raw[-1]) :], is_whole=False)


def _key(epoch: int, user_id: UUID) -> str:
    return f"feed:{{{user_id.hex}}}:{epoch}"


def _complete(key: str) -> str:
    return f"{key}:complete"


def _lock(key: str) -> str:
    return f"{key}:lock"


_BEGIN = """
if not redis.call('SET', KEYS[3], ARGV[1], 'NX', 'EX', ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""

# The mark stands at the right end until its own rebuild pushes behind it. No command takes more than some 8,000 words.
_FINISH = """
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
if redis.call('LINDEX', KEYS[1], -1) ~= ARGV[1] then return 0 end
for first = 3, #ARGV, 1000 do
  redis.call('RPUSH', KEYS[1], unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
redis.call('SET', KEYS[2], '', 'EX', ARGV[2])
return 1
"""
