"""Anything by its global id, and what a link leads to."""

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

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
from services import handles, posts


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
        match _steps(url):
            case ["p", shortcode]:
                return await _post_or_comment(ctx, shortcode, parse_qs(urlsplit(url).query).get("comment"))
            case ["places", place]:
                return await nodes.one_of(ctx, place, Place)
            case [handle] if handle:
                async with ctx.loaders.scope.reading() as db:
                    user_id = await handles.find(db, handle)
                return await nodes.one(ctx, UserId(user_id), User) if user_id else None
        return None


def _steps(url: str) -> list[str]:
    """The steps of a link's path; none if the link is of another platform, or of letters that no name has."""
    link, own = urlsplit(url), urlsplit(settings().public_url)
    steps = [unquote(step) for step in link.path.strip("/").split("/")]
    return steps if _origin(link) == _origin(own) and not any("\0" in step for step in steps) else []


def _origin(link: SplitResult) -> tuple[str | None, int]:
    return link.hostname, link.port or {"http": 80}.get(link.scheme, 443)


async def _post_or_comment(ctx: Context, shortcode: str, comments: list[str] | None) -> Node | None:
    async with ctx.loaders.scope.reading() as db:
        post_id: PostId | None = await posts.find_by_shortcode(db, shortcode)
    if post_id is None or not comments:
        return await nodes.one(ctx, post_id, Post) if post_id else None
    comment = await nodes.one_of(ctx, comments[0], Comment)
    return comment if comment and comment.row.post_id == post_id else None
