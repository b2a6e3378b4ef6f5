"""Liking posts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import UserId
from core.paging import Page, Window
from loaders.posts import post_counts, posts_liked
from schema.connections import Connection, connection, fill_pages
from schema.context import Context
from schema.fields import batched, personal
from schema.mutation import Payload
from schema.nodes import Node
from services import likes
from services.visibility.rows import VisiblePost

if TYPE_CHECKING:
    from core.db import Read
    from schema.posts import Post
    from schema.profiles import User


@strawberry.interface
class Likeable(Node):
    @batched
    async def like_count(parents: list["Post"], ctx: Context) -> list[int | None]:
        found = await ctx.loaders.load(post_counts, [post.global_id() for post in parents])
        return [
            counts.get("likes", 0) if likes.are_counted(post.row) else None
            for post, counts in zip(parents, found, strict=True)
        ]

    @personal
    @batched
    async def viewer_has_liked(parents: list["Post"], ctx: Context) -> list[bool | None]:
        return await ctx.loaders.load(posts_liked, [post.global_id() for post in parents])

    @personal
    @batched
    async def likers(
        parents: list["Post"], ctx: Context, *, first: int | None = 20, after: str | None = None
    ) -> list[Connection[Annotated["User", strawberry.lazy("schema.profiles")]] | None]:
        async def fetch(db: "Read", asked: Sequence[tuple[VisiblePost, Window]]) -> list[Page[UserId]]:
            pages = await likes.pages_of_likers(db, ctx.viewer, asked)
            return [page.each(lambda row: UserId(row.person_id)) for page in pages]

        rows = [post.row for post in parents]
        return [connection(filled) for filled in await fill_pages(ctx, rows, Window(first or 20, after), fetch)]


@strawberry.input
class LikePostInput:
    post_id: strawberry.ID


@strawberry.input
class UnlikePostInput:
    post_id: strawberry.ID


@strawberry.type
class LikePostPayload(Payload):
    post: Annotated["Post", strawberry.lazy("schema.posts")] | None = None


@strawberry.type
class UnlikePostPayload(Payload):
    post: Annotated["Post", strawberry.lazy("schema.posts")] | None = None
