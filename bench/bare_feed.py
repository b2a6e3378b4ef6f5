"""The home feed as a careful newcomer writes it: graphql-core, a resolver per field, a batching loader per question."""

from collections.abc import Callable
from typing import Any

import orjson
from graphql import GraphQLSchema, build_schema, graphql

from core.backends import Backends
from core.ids import PostId
from core.paging import Window
from core.viewer import Viewer
from loaders.base import Loaders, Scope
from loaders.posts import post_counts, post_media, post_previews, posts_by_id, posts_liked
from loaders.profiles import users_by_id
from services.feed import reading

SDL = """
type Query { viewer: Viewer }
type Viewer { homeFeed(first: Int = 10, after: String, mode: FeedMode): HomeFeedConnection }
enum FeedMode { RANKED CHRONOLOGICAL }
type HomeFeedConnection { edges: [HomeFeedEdge!]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type HomeFeedEdge { node: FeedItem! cursor: String! }
union FeedItem = Post
type Post {
  id: ID! caption: RichText createdAt: String! likeCount: Int commentCount: Int viewerHasLiked: Boolean
  author: User! media: [VisualMedia!]! commentPreview: [Comment!]!
}
type User { id: ID! handle: String! displayName: String! isVerified: Boolean! }
interface VisualMedia { id: ID! }
type Image implements VisualMedia { id: ID! width: Int! height: Int! blurhash: String }
type Comment { id: ID! body: RichText author: User! }
type RichText { text: String! }
"""


def schema() -> GraphQLSchema:
    """The part of the contract that the screen asks for."""
    built = build_schema(SDL)
    for place, resolve in _RESOLVERS.items():
        parent, _, name = place.partition(".")
        built.type_map[parent].fields[name].resolve = resolve  # type: ignore[attr-defined]
    built.type_map["FeedItem"].resolve_type = lambda *_: "Post"  # type: ignore[attr-defined]
    built.type_map["VisualMedia"].resolve_type = lambda *_: "Image"  # type: ignore[attr-defined]
    return built


async def answer(of: GraphQLSchema, backends: Backends, viewer: Viewer, document: str) -> bytes:
    """One request: parsed, validated and executed, as `graphql()` does it."""
    result = await graphql(of, document, context_value=Loaders(Scope(backends, viewer)))
    if result.errors:
        raise result.errors[0]
    return orjson.dumps({"data": result.data})


async def _home_feed(_parent: Any, info: Any, first: int, after: str | None = None, **_rest: Any) -> Any:
    loaders: Loaders = info.context
    backends, viewer = loaders.scope.backends, loaders.scope.viewer
    look = reading.look(viewer, after)
    page = await reading.page(backends.db, backends.cache, look, Window(first, after))
    return {
        "edges": [{"id": each, "cursor": cursor} for each, cursor in zip(page.ids, page.cursors, strict=True)],
        "pageInfo": {"hasNextPage": page.has_next, "endCursor": page.cursors[-1] if page.cursors else None},
    }


def _value(read: Callable[[Any], Any]) -> Any:
    return lambda parent, _info: read(parent)


def _loaded(question: Any, key: Callable[[Any], Any], read: Callable[[Any], Any] = lambda found: found) -> Any:
    async def resolve(parent: Any, info: Any) -> Any:
        return read(await info.context.one(question, key(parent)))

    return resolve


def _post(row: Any) -> PostId:
    post_id: PostId = row.id
    return post_id


_RESOLVERS: dict[str, Any] = {
    "Query.viewer": lambda *_: {},
    "Viewer.homeFeed": _home_feed,
    "HomeFeedEdge.node": _loaded(posts_by_id, lambda edge: edge["id"]),
    "Post.id": _value(lambda row: str(row.id)),
    "Post.caption": _value(lambda row: {"text": row.caption}),
    "Post.createdAt": _value(lambda row: row.created_at.isoformat()),
    "Post.likeCount": _loaded(post_counts, _post, lambda counts: counts.get("likes", 0)),
    "Post.commentCount": _loaded(post_counts, _post, lambda counts: counts.get("comments", 0)),
    "Post.viewerHasLiked": _loaded(posts_liked, _post),
    "Post.author": _loaded(users_by_id, lambda row: row.id.author_id),
    "Post.media": _loaded(post_media, _post),
    "Post.commentPreview": _loaded(post_previews, _post),
    "User.id": _value(lambda row: str(row.id)),
    "User.displayName": _value(lambda row: row.display_name),
    "User.isVerified": _value(lambda row: row.is_verified),
    "Image.id": _value(lambda row: str(row.id)),
    "Comment.id": _value(lambda row: str(row.id)),
    "Comment.body": _value(lambda row: {"text": row.text}),
    "Comment.author": _loaded(users_by_id, lambda row: row.writer_id),
}
