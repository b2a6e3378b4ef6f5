"""Live counts, edits and removals of posts on screen."""

from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

import strawberry

from core.errors import BadInput
from core.ids import PostId, readable
from schema import nodes
from schema.context import Context
from schema.events import PostEvent
from schema.fields import root
from schema.post_events import PostEngagementEvent, PostRemovedEvent, PostUpdatedEvent
from schema.posts import Post
from services import event_log
from services.event_log import LoggedEvent
from subscriptions import base
from subscriptions.base import Stream

_ENGAGEMENT = frozenset(["PostLiked", "PostUnliked", "CommentAdded", "CommentDeleted"])


@strawberry.type
class PostSubscriptions:
    @root
    async def post_events(
        ctx: Context, *, post_ids: list[strawberry.ID], after: str | None = None
    ) -> AsyncGenerator[PostEvent | None, None]:
        asked = readable(PostId, post_ids)
        shown = {post.global_id() for post in await nodes.load(ctx, asked) if post}
        followed = [post for post in asked if post in shown or post in _met_before(asked, after)]
        async for event in base.events(ctx, _stream(followed), after):
            yield event


def _stream(posts: Sequence[PostId]) -> Stream:
    return Stream("post", [_topic(post) for post in posts], _present, merged=_ENGAGEMENT)


def _topic(post: PostId) -> str:
    return event_log.post_topic(post.id)


def _met_before(posts: Sequence[PostId], after: str | None) -> set[PostId]:
    """Posts that the cursor's stream had: whoever comes back is told that one of them is gone."""
    try:
        marks = _stream(posts).marks(after) if after else {}
    except BadInput:
        marks = {}
    return {post for post in posts if _topic(post) in marks}


async def _present(ctx: Context, logged: LoggedEvent, cursor: str) -> PostEvent | None:
    post_id = PostId(UUID(logged.ids["author_id"]), UUID(logged.ids["post_id"]))
    post = await nodes.one(ctx, post_id, Post)
    if post is None:
        removed = strawberry.ID(str(post_id))
        return PostRemovedEvent(cursor=cursor, occurred_at=logged.at, removed_post_id=removed)
    kind = PostEngagementEvent if logged.event in _ENGAGEMENT else PostUpdatedEvent
    return kind(cursor=cursor, occurred_at=logged.at, post=post)
