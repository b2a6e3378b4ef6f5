"""Comments under posts."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.errors import ApiError
from core.ids import CommentId, UserId
from core.settings import settings
from loaders.comments import comments_by_id
from loaders.posts import posts_by_id
from schema import nodes
from schema.connections import Edge
from schema.context import Context
from schema.fields import attribute, batched, personal
from schema.mutation import Payload
from schema.nodes import Node
from schema.scalars import URL
from schema.text import RichText, rich_text
from services import permissions
from services.visibility.rows import VisibleComment

if TYPE_CHECKING:
    from schema.posts import Post
    from schema.profiles import User


@strawberry.enum
class CommentState(Enum):
    VISIBLE = "VISIBLE"
    HIDDEN = "HIDDEN"
    HELD = "HELD"


@strawberry.enum
class CommentOrder(Enum):
    TOP = "TOP"
    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


@strawberry.type
class Comment(Node):
    row: strawberry.Private[VisibleComment]

    def global_id(self) -> CommentId:
        return self.row.id

    @batched
    async def post(parents: list["Comment"], ctx: Context) -> list[Annotated["Post", strawberry.lazy("schema.posts")]]:
        return await nodes.present(ctx, [comment.row.post_id for comment in parents])

    @batched
    async def author(
        parents: list["Comment"], ctx: Context
    ) -> list[Annotated["User", strawberry.lazy("schema.profiles")] | None]:
        return await nodes.load(ctx, [UserId(comment.row.writer_id) for comment in parents])

    @attribute
    def body(self) -> RichText | None:
        return rich_text(self.row.text, self.row.mentions)

    @attribute
    def state(self) -> CommentState:
        return CommentState[self.row.state]

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at

    @batched
    async def url(parents: list["Comment"], ctx: Context) -> list[URL | ApiError]:
        rows = await ctx.loaders.load(posts_by_id, [comment.row.post_id for comment in parents])
        base = settings().public_url
        return [
            URL(f"{base}/p/{post.shortcode}?comment={comment.row.id}") if post else nodes.vanished()
            for comment, post in zip(parents, rows, strict=True)
        ]

    @personal
    @batched
    async def viewer_can_delete(parents: list["Comment"], ctx: Context) -> list[bool]:
        return [permissions.may_delete_comment(ctx.viewer, comment.row) is None for comment in parents]

    @personal
    @batched
    async def viewer_can_moderate(parents: list["Comment"], ctx: Context) -> list[bool]:
        return [permissions.may_moderate_comment(ctx.viewer, comment.row) is None for comment in parents]

    @personal
    @batched
    async def idempotency_key(parents: list["Comment"], ctx: Context) -> list[str | None]:
        return [comment.row.idempotency_key if comment.row.writer_id == ctx.viewer.id else None for comment in parents]


async def load_comments(ctx: Context, ids: Sequence[CommentId]) -> list[Comment | None]:
    """Comments by id, as the viewer sees them."""
    rows = await ctx.loaders.load(comments_by_id, ids)
    return [Comment(row=row) if row else None for row in rows]


nodes.refetchable(CommentId, load_comments)


@strawberry.input
class AddCommentInput:
    idempotency_key: str | None = strawberry.UNSET
    post_id: strawberry.ID
    text: str


@strawberry.type
class AddCommentPayload(Payload):
    comment: Comment | None = None
    comment_edge: Edge[Comment] | None = None
    post: Annotated["Post", strawberry.lazy("schema.posts")] | None = None


@strawberry.input
class DeleteCommentInput:
    comment_id: strawberry.ID


@strawberry.type
class DeleteCommentPayload(Payload):
    deleted_comment_id: strawberry.ID | None = None
    post: Annotated["Post", strawberry.lazy("schema.posts")] | None = None


@strawberry.input
class HideCommentsInput:
    comment_ids: list[strawberry.ID]


@strawberry.type
class HideCommentsPayload(Payload):
    comments: list[Comment] | None = None


@strawberry.input
class ApproveCommentsInput:
    comment_ids: list[strawberry.ID]


@strawberry.type
class ApproveCommentsPayload(Payload):
    comments: list[Comment] | None = None
