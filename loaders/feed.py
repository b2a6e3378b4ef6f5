"""The home feed filled through the door, and whether there is anything new in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.ids import PostId
from core.paging import Filled, Page, PostWant, Window, fill
from loaders.base import Loaders
from loaders.posts import look_ahead
from services.feed import reading
from services.visibility.rows import VisiblePost

COUNTED = 50
FACES = 3


@dataclass(frozen=True, slots=True)
class FeedPage:
    """A page of one look at the home feed."""

    posts: Filled[VisiblePost]
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class FeedHint:
    """How many new posts there are, counted up to `COUNTED`, by whom, and whether the look is out of date."""

    count: int
    author_ids: tuple[UUID, ...]
    is_outdated: bool = False


async def home_feed(loaders: Loaders, window: Window, want: PostWant) -> FeedPage:
    """A full page of posts the viewer may see, by people the viewer follows now."""
    backends, viewer = loaders.scope.backends, loaders.scope.viewer
    look = reading.look(viewer, window.after)

    muted: frozenset[UUID] = frozenset()

    async def fetch(asked: Sequence[tuple[Any, Window]]) -> list[Page[PostId]]:
        return [await reading.page(backends.db, backends.cache, look, part, muted) for _, part in asked]

    async def load(ids: Sequence[PostId]) -> list[VisiblePost | None]:
        nonlocal muted
        found = await look_ahead(loaders, ids, want)
        muted = muted or await _muted(loaders, found)
        return _shown(found)

    (posts,) = await fill([viewer], window, fetch, load)
    return FeedPage(posts, look.taken_at)


async def home_feed_hint(loaders: Loaders, since: str) -> FeedHint:
    """What has come since a cursor of the home feed."""
    scope = loaders.scope
    look = reading.look(scope.viewer, since)
    database, cache = scope.backends.db, scope.backends.cache
    found = await _read(loaders, await reading.newer(database, cache, scope.viewer, since, COUNTED))
    if muted := await _muted(loaders, found):
        found = await _read(loaders, await reading.newer(database, cache, scope.viewer, since, COUNTED, muted))
    async with scope.reading() as db:
        is_outdated = await reading.is_outdated(db, look)
    return _hint(found, is_outdated=is_outdated)


async def hint_of(loaders: Loaders, ids: Sequence[PostId]) -> FeedHint:
    """What to tell of these posts; those that do not stand in the feed do not count."""
    return _hint(await _read(loaders, ids))


async def _read(loaders: Loaders, ids: Sequence[PostId]) -> list[VisiblePost | None]:
    return await look_ahead(loaders, ids, PostWant())


def _hint(posts: Sequence[VisiblePost | None], *, is_outdated: bool = False) -> FeedHint:
    shown = [post for post in _shown(posts) if post]
    authors = list(dict.fromkeys(post.id.author_id for post in shown))
    return FeedHint(len(shown), tuple(authors[:FACES]), is_outdated)


def _shown(posts: Sequence[VisiblePost | None]) -> list[VisiblePost | None]:
    """The posts without those of people the viewer mutes, or no longer follows: the timeline may not know it yet."""
    return [post if post and post.relationship.follows and not _is_muted(post) else None for post in posts]


def _is_muted(post: VisiblePost) -> bool:
    return "POSTS" in post.relationship.mutes


async def _muted(loaders: Loaders, met: Sequence[VisiblePost | None]) -> frozenset[UUID]:
    """All whose posts the viewer mutes, once one of them is met: who mutes nobody pays nothing for it."""
    if not any(post and _is_muted(post) for post in met):
        return frozenset()
    async with loaders.scope.reading() as db:
        return await reading.muted(db, loaders.scope.viewer)
