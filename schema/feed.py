"""The home feed: pages of posts, hints of new ones, and what is told live about it."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Union
from uuid import UUID

import strawberry

from core.ids import UserId
from core.paging import Window
from loaders.feed import FeedHint, FeedPage, home_feed, home_feed_hint
from schema import nodes
from schema.connections import PageInfo, page_info
from schema.context import Context
from schema.events import HomeFeedEvent
from schema.fields import Wanted, batched
from schema.posts import Post
from schema.profiles import User
from schema.wants import post_want

if TYPE_CHECKING:
    from schema.accounts import Viewer

FeedItem = Annotated[Union[Post], strawberry.union("FeedItem")]  # noqa: UP007 - a union of one is no other thing

_PLACES = ("nodes", "edges.node")


@strawberry.enum
class FeedMode(Enum):
    RANKED = "RANKED"
    CHRONOLOGICAL = "CHRONOLOGICAL"


@strawberry.type
class HomeFeedEdge:
    node: FeedItem
    cursor: str


@strawberry.type
class HomeFeedConnection:
    edges: list[HomeFeedEdge]
    nodes: list[FeedItem]
    page_info: PageInfo
    mode: FeedMode
    is_degraded: bool
    generated_at: datetime


@strawberry.type
class HomeFeedHint:
    new_post_count: int
    should_reload: bool
    author_ids: strawberry.Private[tuple[UUID, ...]]

    @batched
    async def authors(parents: list["HomeFeedHint"], ctx: Context) -> list[list[User]]:
        found = iter(await nodes.load_listed(ctx, [UserId(each) for hint in parents for each in hint.author_ids]))
        return [[user for _ in hint.author_ids if (user := next(found))] for hint in parents]


@strawberry.type
class HomeFeedNewPostsEvent(HomeFeedEvent):
    hint: HomeFeedHint


@strawberry.type
class HomeFeedStaleEvent(HomeFeedEvent):
    pass


@strawberry.type
class HomeFeedOfViewer:
    @batched
    async def home_feed(
        parents: list["Viewer"],
        ctx: Context,
        *,
        first: int | None = 10,
        after: str | None = None,
        mode: FeedMode | None = FeedMode.RANKED,
        wanted: Wanted,
    ) -> list[HomeFeedConnection | None]:
        page = await home_feed(ctx.loaders, Window(first or 10, after), post_want(wanted, *_PLACES))
        return [_connection(page, mode or FeedMode.RANKED)] * len(parents)

    @batched
    async def home_feed_hint(parents: list["Viewer"], ctx: Context, *, since: str) -> list[HomeFeedHint | None]:
        return [hint(await home_feed_hint(ctx.loaders, since))] * len(parents)


def hint(of: FeedHint) -> HomeFeedHint:
    """A hint for the graph."""
    return HomeFeedHint(new_post_count=of.count, should_reload=of.is_outdated, author_ids=of.author_ids)


def _connection(page: FeedPage, asked: FeedMode) -> HomeFeedConnection:
    posts = [Post(row=row) for row in page.posts.items]
    edges = [HomeFeedEdge(node=post, cursor=cursor) for post, cursor in zip(posts, page.posts.cursors, strict=True)]
    return HomeFeedConnection(
        edges=edges,
        nodes=list(posts),
        page_info=page_info(page.posts),
        mode=FeedMode.CHRONOLOGICAL,
        is_degraded=asked is FeedMode.RANKED,
        generated_at=page.taken_at,
    )
