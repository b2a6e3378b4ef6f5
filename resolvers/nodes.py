"""Anything by its global id, and what a link leads to."""

from urllib.parse import parse_qs, urlsplit

import strawberry

from core.ids import PostId, UserId, readable
from core.settings import settings
from schema import nodes, wants
from schema.comments import Comment
from schema.context import Context
from schema.fields import Wanted, root
from schema.nodes import Node
from schema.places import Place
from schema.posts import Post
from schema.profiles import User
from schema.scalars import URL
from services import posts, profiles


@strawberry.type
class NodeQueries:
    @root
    async def node(ctx: Context, *, id: strawberry.ID, wanted: Wanted) -> Node | None:
        await wants.read_posts(ctx, readable(PostId, [id]), wanted)
        return await nodes.one_of(ctx, id, Node)

    @root
    async def nodes(ctx: Context, *, ids: list[strawberry.ID], wanted: Wanted) -> list[Node | None] | None:
        await wants.read_posts(ctx, readable(PostId, ids), wanted)
        return await nodes.load_texts(ctx, ids)

    @root
    async def resource(ctx: Context, *, url: URL) -> Node | None:
        parts, own = urlsplit(url), urlsplit(settings().public_url)
        if (parts.hostname, parts.port) != (own.hostname, own.port):
            return None
        match parts.path.strip("/").split("/"):
            case ["p", shortcode]:
                comment = parse_qs(parts.query).get("comment", [None])[0]
                return await _comment_or_post(ctx, shortcode, comment)
            case ["places", place]:
                return await nodes.one_of(ctx, place, Place)
            case [handle] if handle:
                async with ctx.loaders.scope.reading() as db:
                    user_id = await profiles.find_by_handle(db, handle)
                return await nodes.one(ctx, UserId(user_id), User) if user_id else None
        return None


async def _comment_or_post(ctx: Context, shortcode: str, comment: str | None) -> Node | None:
    if comment is not None:
        return await nodes.one_of(ctx, comment, Comment)
    async with ctx.loaders.scope.reading() as db:
        post_id: PostId | None = await posts.find_by_shortcode(db, shortcode)
    return await nodes.one(ctx, post_id, Post) if post_id else None
