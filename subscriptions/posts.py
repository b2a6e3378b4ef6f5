"""Live counts, edits and removals of posts on screen."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from core import clock
from core.errors import BadInput
from core.ids import PostId, readable
from loaders.profiles import relationships_by_id
from schema import nodes, wants
from schema.context import Context
from schema.events import PostEvent
from schema.fields import Wanted, root
from schema.post_events import PostEngagementEvent, PostRemovedEvent, PostUpdatedEvent
from schema.posts import Post
from services import event_log
from services.event_log import LoggedEvent
from subscriptions import base
from subscriptions.base import Opening, Stream

_NAME = "post"
_ENGAGEMENT = frozenset(["PostLiked", "PostUnliked", "CommentAdded", "CommentUpdated", "CommentDeleted"])
# Not merged with the others: it is told to two people alone.
_HELD = "HeldCommentChanged"

_Told = PostEngagementEvent | PostUpdatedEvent | PostRemovedEvent


@strawberry.type
class PostSubscriptions:
    @root
    async def post_events(
        ctx: Context, *, post_ids: list[strawberry.ID], after: str | None = None, wanted: Wanted
    ) -> AsyncGenerator[PostEvent | None, None]:
        asked = readable(PostId, post_ids)
        shown = {post.global_id() for post in await nodes.load(ctx, asked) if post}
        left_at = _left_at(asked, base.resumed_at(ctx, after))
        topics = [_topic(post) for post in asked if post in shown]
        # They are not followed: when a post is told to be gone must not show when something happens to it.
        gone = [post for post in asked if post in left_at and post not in shown]
        opening = [Opening(_topic(post), left_at[post], partial(_removed, post)) for post in gone]
        present = partial(_present, wanted)
        stream = Stream(_NAME, topics, present, merged=_ENGAGEMENT, is_told=_OnceRemoved(), opening=opening)
        return await base.events(ctx, stream, after)


def _topic(post: PostId) -> str:
    return event_log.post_topic(post.id)


def _left_at(posts: Sequence[PostId], after: str | None) -> Mapping[PostId, int]:
    """The marks of posts that the cursor's stream had: whoever comes back is told that one of them is gone."""
    try:
        marks = base.marks_of(_NAME, [_topic(post) for post in posts], after) if after else {}
    except BadInput:
        marks = {}
    return {post: marks[_topic(post)] for post in posts if _topic(post) in marks}


async def _present(wanted: Wanted, ctx: Context, logged: LoggedEvent, cursor: str) -> _Told | None:
    if logged.event == _HELD and not await _concerns_viewer(ctx, logged):
        return None
    post_id = PostId(UUID(logged.ids["author_id"]), UUID(logged.ids["post_id"]))
    await wants.read_posts(ctx, [post_id], wanted, "post")
    post = await nodes.one(ctx, post_id, Post)
    if post is None:
        return _removed(post_id, cursor, logged.at)
    if logged.event == "UserBlocked":
        return None
    kind = PostEngagementEvent if logged.event in {*_ENGAGEMENT, _HELD} else PostUpdatedEvent
    return kind(cursor=cursor, occurred_at=logged.at, post=post)


def _removed(post_id: PostId, cursor: str, at: datetime | None = None) -> PostRemovedEvent:
    """That a post is gone; now, if not at a certain time."""
    removed = strawberry.ID(str(post_id))
    return PostRemovedEvent(cursor=cursor, occurred_at=at or clock.now(), removed_post_id=removed)


async def _concerns_viewer(ctx: Context, logged: LoggedEvent) -> bool:
    """Whether the viewer is the author of the post or wrote the comment; others are not told of it."""
    people = [UUID(logged.ids[name]) for name in ("author_id", "commenter_id")]
    return any(each.is_self for each in await ctx.loaders.load(relationships_by_id, people))


class _OnceRemoved:
    """What one stream tells. What happens to a post after it was removed is none of the viewer's business."""

    __slots__ = ("_gone",)

    def __init__(self) -> None:
        # There are thousands of streams, and posts are rarely removed.
        self._gone: frozenset[str] = frozenset()

    def __call__(self, event: _Told) -> bool:
        if not isinstance(event, PostRemovedEvent):
            # Naming the post costs more than all the rest of telling it to one of thousands.
            if self._gone:
                self._gone -= {str(event.post.global_id())}
            return True
        is_news = event.removed_post_id not in self._gone
        self._gone |= {event.removed_post_id}
        return is_news
