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

    async def fetch(asked: Sequence[tuple[Any, Window]]) -> list[Page[PostId]]:
        return [await reading.page(backends.db, backends.cache, look, part) for _, part in asked]

    async def load(ids: Sequence[PostId]) -> list[VisiblePost | None]:
        return _followed(await look_ahead(loaders, ids, want))

    (posts,) = await fill([viewer], window, fetch, load)
    return FeedPage(posts, look.taken_at)


async def home_feed_hint(loaders: Loaders, since: str) -> FeedHint:
    """What has come since a cursor of the home feed."""
    scope = loaders.scope
    look = reading.look(scope.viewer, since)
    ids = await reading.newer(scope.backends.db, scope.backends.cache, scope.viewer, since, COUNTED)
    async with scope.reading() as db:
        is_outdated = await reading.is_outdated(db, look)
    return await hint_of(loaders, ids, is_outdated=is_outdated)


async def hint_of(loaders: Loaders, ids: Sequence[PostId], *, is_outdated: bool = False) -> FeedHint:
    """What to tell of these posts; those that do not stand in the feed do not count."""
    shown = [post for post in _followed(await look_ahead(loaders, ids, PostWant())) if post]
    authors = list(dict.fromkeys(post.id.author_id for post in shown))
    return FeedHint(len(shown), tuple(authors[:FACES]), is_outdated)


def _followed(posts: Sequence[VisiblePost | None]) -> list[VisiblePost | None]:
    """The posts without those of people the viewer no longer follows: the timeline may not know it yet."""
    return [post if post and post.relationship.follows else None for post in posts]
