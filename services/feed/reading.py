"""Pages of a home feed: from the timeline if it is there, else from the tables, with the same answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core import clock, own_writes
from core.db import Database, Read
from core.ids import PostId
from core.paging import Page, Window, cursor_id, cursor_time, decode_cursor, encode_cursor, page_of
from core.redis import Cache, CacheUnavailable
from core.settings import settings
from core.viewer import Viewer
from services.epochs import Epochs
from services.feed import timelines
from services.feed.timelines import Timeline

# Most pages are filled by a month; only who follows few or quiet people makes us look through all their years.
_TIME_BITS = 80
_RECENT = 30 * 86_400_000 << _TIME_BITS
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a home feed: its pages follow each other downwards from the post that was newest when it began."""

    user_id: UUID
    taken_at: datetime

    def cursor(self, post_id: PostId) -> str:
        """The place of a post in this look."""
        return encode_cursor(_scope(self.user_id), post_id.id, self.taken_at)


@lru_cache(maxsize=4)
def epochs(db: Database, cache: Cache) -> Epochs:
    """What this process knows of the number in the keys of timelines."""
    return Epochs(db, cache)


def look(viewer: Viewer, cursor: str | None) -> Look:
    """A new look, or the one a cursor belongs to; cursors of other lists and of other people raise `BadInput`."""
    if cursor is None:
        return Look(viewer.user_id, clock.now())
    _, taken_at = decode_cursor(_scope(viewer.user_id), cursor)
    return Look(viewer.user_id, cursor_time(taken_at))


async def page(db: Database, cache: Cache, at: Look, window: Window, without: Collection[UUID] = ()) -> Page[PostId]:
    """Published posts for the viewer by people the viewer follows, newest first; the door has the last word.

    Posts of the people `without` whom it is to be are passed over.
    """
    before = _place(at.user_id, window.after) if window.after else None
    return page_of(await _posts(db, cache, at.user_id, window.first + 1, before, without), window, at.cursor)


async def newer(
    db: Database, cache: Cache, viewer: Viewer, since: str, most: int, without: Collection[UUID] = ()
) -> list[PostId]:
    """The newest posts, at most `most`, made after the one at a cursor of the home feed."""
    place = _place(viewer.user_id, since)
    return [each for each in await _posts(db, cache, viewer.user_id, most, None, without) if each.id > place]


async def muted(db: Read, viewer: Viewer) -> frozenset[UUID]:
    """Whose posts the viewer does not want to meet."""
    return frozenset(await db.scalars(_MUTED, {"reader": viewer.user_id}))


async def is_outdated(db: Read, at: Look) -> bool:
    """Whether the viewer began to follow somebody after the look: it lacks the newest posts of that person."""
    return bool(await db.scalar(_HAS_FOLLOWED, {"reader": at.user_id, "since": at.taken_at}))


async def missing_entries(
    db: Database, cache: Cache, user_ids: Collection[UUID], published_before: datetime | None = None
) -> list[tuple[UUID, PostId]]:
    """Who lacks which post in a complete timeline; posts published later than a moment may still be on their way."""
    number, missing = await epochs(db, cache).current(), []
    until = published_before or clock.now()
    for user_id in user_ids:
        timeline = await timelines.read(cache, number, user_id)
        if timeline is None:
            continue
        async with db.reading(fresh=True) as read:
            rows = await read.all(_PUBLISHED, {"reader": user_id, "since": timeline.start, "until": until})
        known = {timelines.post_of(entry) for entry in timeline.entries}
        missing += [(user_id, post) for row in rows if (post := PostId(row.author_id, row.id)) not in known]
    return missing


async def _posts(
    db: Database, cache: Cache, user_id: UUID, count: int, before: UUID | None, without: Collection[UUID]
) -> list[PostId]:
    """The newest posts made before another one."""
    try:
        timeline = await _timeline(db, cache, user_id)
    except CacheUnavailable:
        timeline = None
    found = timeline.newest(count, before, without) if timeline else None
    if found is not None:
        return found
    async with db.reading(after=await own_writes.position(db, cache, user_id)) as read:
        return await _newest(read, user_id, count, before, without)


async def _timeline(db: Database, cache: Cache, user_id: UUID) -> Timeline | None:
    """The timeline, rebuilt if need be; None while another reader rebuilds it."""
    number = await epochs(db, cache).current()
    timeline = await timelines.read(cache, number, user_id)
    if timeline is not None:
        return timeline
    mark = await timelines.begin(cache, number, user_id)
    if mark is None:
        return None
    length = settings().timeline_length
    async with db.reading(fresh=True) as read:
        newest = await _newest(read, user_id, length, None)
    timeline = Timeline([timelines.entry_of(each) for each in reversed(newest)], is_whole=len(newest) < length)
    await timelines.finish(cache, number, user_id, mark, timeline)
    return timeline


async def _newest(
    db: Read, user_id: UUID, count: int, before: UUID | None, without: Collection[UUID] = ()
) -> list[PostId]:
    latest = before.int if before else int(clock.now().timestamp() * 1000) << _TIME_BITS
    rows: Sequence[Any] = ()
    for since in (max(latest - _RECENT, 0), 0):
        span = {"since": UUID(int=since), "before": before or _LAST}
        parameters = {"reader": user_id, "without": list(without), "count": count, **span}
        rows = await db.all(_NEWEST, parameters)
        if len(rows) == count:
            break
    return [PostId(row.author_id, row.id) for row in rows]


def _scope(user_id: UUID) -> str:
    return f"home:{user_id}"


def _place(user_id: UUID, cursor: str) -> UUID:
    return cursor_id(decode_cursor(_scope(user_id), cursor)[0])


_READER = bindparam("reader", type_=Uuid)
_SINCE = bindparam("since", type_=Uuid)

# A followed person's newest posts are the end of an index of their own: 500 people cost 500 steps into it.
_FRIEND_OF = "(select owner_id from received_stances where person_id = :reader and close_friend_since is not null)"
_OF_FOLLOWED = f"""
    from posts
    where author_id in (select followee_id from follows where follower_id = :reader and state = 'ACTIVE')
    and status = 'PUBLISHED' and deleted_at is null and id >= :since
    and (audience in ('PUBLIC', 'FOLLOWERS') or (audience = 'CLOSE_FRIENDS' and author_id in {_FRIEND_OF}))
"""  # noqa: S608 - constants

_NEWEST = text(
    f"""
    select author_id, id {_OF_FOLLOWED} and id < :before and author_id <> all(:without) order by id desc limit :count
    """
).bindparams(_READER, _SINCE, bindparam("before", type_=Uuid), bindparam("without", type_=ARRAY(Uuid)))

_MUTED = text(
    "select person_id from stances where owner_id = :reader and muted_at is not null and 'POSTS' = any(mutes)"
).bindparams(_READER)

_PUBLISHED = text(f"select author_id, id {_OF_FOLLOWED} and published_at < :until").bindparams(_READER, _SINCE)

_HAS_FOLLOWED = text(
    """
    select exists (select from follows where follower_id = :reader and state = 'ACTIVE' and created_at > :since)
    """
).bindparams(_READER)
