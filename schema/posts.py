"""Posts: a photo, or a carousel of several."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from core.errors import ApiError
from core.ids import CommentId, PlaceId, PostId, UserId
from core.paging import Page, Window
from core.settings import settings
from loaders.comments import read_comments
from loaders.posts import comment_counts, post_media, post_previews, posts_by_id
from schema import nodes
from schema.comments import Comment, CommentOrder, CommentState
from schema.connections import Connection, Edge, connection, fill_pages
from schema.context import Context
from schema.errors import NotAllowedReason
from schema.fields import attribute, batched, personal
from schema.likes import Likeable
from schema.media import Image, MediaAttachmentInput, VisualMedia
from schema.mutation import Payload
from schema.places import Place, PlaceInput
from schema.profiles import User
from schema.scalars import URL
from schema.text import RichText, rich_text
from services import comments, mentions, permissions
from services.visibility.rows import VisiblePost

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Viewer


@strawberry.enum
class PostKind(Enum):
    PHOTO = "PHOTO"
    CAROUSEL = "CAROUSEL"


@strawberry.enum
class PostStatus(Enum):
    PROCESSING = "PROCESSING"
    PUBLISHED = "PUBLISHED"
    FAILED = "FAILED"


@strawberry.enum
class PostAudience(Enum):
    PUBLIC = "PUBLIC"
    FOLLOWERS = "FOLLOWERS"
    CLOSE_FRIENDS = "CLOSE_FRIENDS"
    ONLY_ME = "ONLY_ME"


@strawberry.enum
class Audience(Enum):
    EVERYONE = "EVERYONE"
    FOLLOWERS = "FOLLOWERS"
    FOLLOWING = "FOLLOWING"
    NOBODY = "NOBODY"


@strawberry.type
class Post(Likeable):
    row: strawberry.Private[VisiblePost]

    def global_id(self) -> PostId:
        return self.row.id

    @attribute
    def kind(self) -> PostKind:
        return PostKind[self.row.kind]

    @batched
    async def author(parents: list["Post"], ctx: Context) -> list[User | ApiError]:
        return await nodes.present(ctx, [UserId(post.row.id.author_id) for post in parents])

    @attribute
    def caption(self) -> RichText | None:
        return rich_text(self.row.caption, self.row.caption_mentions)

    @batched
    async def media(parents: list["Post"], ctx: Context) -> list[list[VisualMedia]]:
        found = await ctx.loaders.load(post_media, [post.row.id for post in parents])
        return [[Image(row=each) for each in items] for items in found]

    @batched
    async def cover(parents: list["Post"], ctx: Context) -> list[Image | None]:
        found = await ctx.loaders.load(post_media, [post.row.id for post in parents])
        return [Image(row=items[0]) if items and items[0].status == "READY" else None for items in found]

    @attribute
    def media_count(self) -> int:
        return self.row.media_count

    @batched
    async def place(parents: list["Post"], ctx: Context) -> list[Place | None]:
        ids = [PlaceId(post.row.place_id) if post.row.place_id else None for post in parents]
        found = iter(await nodes.load(ctx, [place for place in ids if place]))
        return [next(found) if place else None for place in ids]

    @batched
    async def mentions(parents: list["Post"], ctx: Context) -> list[list[User]]:
        people = [mentions.people(post.row.caption_mentions or {}) for post in parents]
        found = iter(await nodes.load_listed(ctx, [UserId(person) for each in people for person in each]))
        return [[user for _ in each if (user := next(found))] for each in people]

    @attribute
    def status(self) -> PostStatus:
        return PostStatus[self.row.status]

    @attribute
    def audience(self) -> PostAudience:
        return PostAudience[self.row.audience]

    @attribute
    def is_sensitive(self) -> bool:
        return self.row.is_sensitive

    @attribute
    def url(self) -> URL:
        return URL(f"{settings().public_url}/p/{self.row.shortcode}")

    @attribute
    def shortcode(self) -> str:
        return self.row.shortcode

    @attribute
    def published_at(self) -> datetime | None:
        return self.row.published_at

    @attribute
    def edited_at(self) -> datetime | None:
        return self.row.edited_at

    @attribute
    def created_at(self) -> datetime:
        return self.row.created_at

    @attribute
    def hides_like_count(self) -> bool:
        return self.row.hides_like_count

    @batched
    async def comment_count(parents: list["Post"], ctx: Context) -> list[int | None]:
        return [*await ctx.loaders.load(comment_counts, [post.row.id for post in parents])]

    @personal
    @batched
    async def comments(
        parents: list["Post"],
        ctx: Context,
        *,
        first: int | None = 10,
        after: str | None = None,
        order: CommentOrder | None = CommentOrder.TOP,
        states: list[CommentState] | None = None,
    ) -> list[Connection[Comment] | None]:
        names = None if states is None else [state.value for state in states]

        async def fetch(db: "Read", asked: Sequence[tuple[VisiblePost, Window]]) -> list[Page[CommentId]]:
            return await comments.pages(db, ctx.viewer, (order or CommentOrder.TOP).value, asked, names)

        async def load(found: Sequence[CommentId]) -> Sequence[Any]:
            await read_comments(ctx.loaders, found)
            return await nodes.load(ctx, found)

        rows, window = [post.row for post in parents], Window(first or 10, after)
        return [connection(filled) for filled in await fill_pages(ctx, rows, window, fetch, load)]

    @batched
    async def comment_preview(parents: list["Post"], ctx: Context) -> list[list[Comment] | None]:
        found = await ctx.loaders.load(post_previews, [post.row.id for post in parents])
        return [[Comment(row=row) for row in rows] for rows in found]

    @attribute
    def comment_audience(self) -> Audience:
        return Audience[self.row.comment_audience]

    @batched
    async def viewer_can_comment(parents: list["Post"], ctx: Context) -> list[bool]:
        return [ctx.viewer.is_signed_in and permissions.may_comment(post.row) is None for post in parents]

    @batched
    async def viewer_cannot_comment_reason(parents: list["Post"], ctx: Context) -> list[NotAllowedReason | None]:
        reasons = [permissions.may_comment(post.row) if ctx.viewer.is_signed_in else None for post in parents]
        return [NotAllowedReason[reason] if reason else None for reason in reasons]

    @attribute
    def viewer_can_edit(self) -> bool:
        return permissions.may_edit_post(self.row) is None


async def load_posts(ctx: Context, ids: Sequence[PostId]) -> list[Post | None]:
    """Posts by id, as the viewer sees them."""
    rows = await ctx.loaders.load(posts_by_id, ids)
    return [Post(row=row) if row else None for row in rows]


nodes.refetchable(PostId, load_posts)


@strawberry.input
class CarouselInput:
    items: list[MediaAttachmentInput]


@strawberry.input(one_of=True)
class PostContentInput:
    photo: strawberry.Maybe[MediaAttachmentInput]
    carousel: strawberry.Maybe[CarouselInput]


@strawberry.input
class CreatePostInput:
    idempotency_key: str | None = strawberry.UNSET
    content: PostContentInput
    caption: str | None = strawberry.UNSET
    place: PlaceInput | None = strawberry.UNSET
    audience: PostAudience = PostAudience.PUBLIC
    comment_audience: Audience | None = strawberry.UNSET
    hide_like_count: bool | None = strawberry.UNSET
    is_sensitive: bool = False


@strawberry.type
class CreatePostPayload(Payload):
    post: Post | None = None
    post_edge: Edge[Post] | None = None
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None


@strawberry.input
class UpdatePostInput:
    post_id: strawberry.ID
    caption: str | None = strawberry.UNSET
    place: PlaceInput | None = strawberry.UNSET
    audience: PostAudience | None = strawberry.UNSET
    comment_audience: Audience | None = strawberry.UNSET
    hide_like_count: bool | None = strawberry.UNSET
    is_sensitive: bool | None = strawberry.UNSET


@strawberry.type
class UpdatePostPayload(Payload):
    post: Post | None = None


@strawberry.input
class DeletePostInput:
    post_id: strawberry.ID


@strawberry.type
class DeletePostPayload(Payload):
    deleted_post_id: strawberry.ID | None = None
    viewer: Annotated["Viewer", strawberry.lazy("schema.accounts")] | None = None
