"""Hints that the home feed has new posts, posts that left it, and that it changed as a whole."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from core.ids import PostId
from loaders.feed import hint_of
from schema.context import Context
from schema.events import HomeFeedEvent
from schema.feed import HomeFeedNewPostsEvent, HomeFeedStaleEvent, hint
from schema.fields import root
from schema.post_events import PostRemovedEvent
from services import event_log
from services.event_log import LoggedEvent
from subscriptions import base
from subscriptions.base import Stream

_OTHER_PEOPLE = frozenset(["UserFollowed", "UserUnfollowed", "MutesChanged"])


@strawberry.type
class FeedSubscriptions:
    @root
    async def home_feed_events(ctx: Context, *, after: str | None = None) -> AsyncGenerator[HomeFeedEvent | None, None]:
        stream = Stream("home", [event_log.home_topic(ctx.viewer.user_id)], _present)
        return await base.events(ctx, stream, after)


async def _present(ctx: Context, logged: LoggedEvent, cursor: str) -> HomeFeedEvent | None:
    if logged.event in _OTHER_PEOPLE:
        return HomeFeedStaleEvent(cursor=cursor, occurred_at=logged.at)
    post_id = PostId(UUID(logged.ids["author_id"]), UUID(logged.ids["post_id"]))
    if logged.event == "PostDeleted":
        removed = strawberry.ID(str(post_id))
        return PostRemovedEvent(cursor=cursor, occurred_at=logged.at, removed_post_id=removed)
    news = await hint_of(ctx.loaders, [post_id])
    return HomeFeedNewPostsEvent(cursor=cursor, occurred_at=logged.at, hint=hint(news)) if news.count else None
