"""Posts and what stands around them."""

from collections.abc import Mapping, Sequence

from core.ids import PostId
from core.paging import PostWant
from loaders.base import Loaders, Scope
from loaders.profiles import relationships_by_id, users_by_id
from services.visibility import posts
from services.visibility.rows import SeenPosts, VisibleComment, VisibleMedia, VisiblePost


async def posts_by_id(scope: Scope, ids: Sequence[PostId]) -> list[VisiblePost | None]:
    """Posts as the viewer sees them; None where there is none."""
    found = await _seen(scope, ids, PostWant())
    return [found.posts.get(post_id) for post_id in ids]


async def post_media(scope: Scope, ids: Sequence[PostId]) -> list[tuple[VisibleMedia, ...]]:
    """Pictures of each post, in order."""
    found = await _seen(scope, ids, PostWant(media=True))
    return [found.media.get(post_id, ()) for post_id in ids]


async def post_counts(scope: Scope, ids: Sequence[PostId]) -> list[Mapping[str, int]]:
    """Counts of each post; a name that is missing stands for 0."""
    found = await _seen(scope, ids, PostWant(counts=True))
    return [found.counts.get(post_id, {}) for post_id in ids]


async def comment_counts(scope: Scope, ids: Sequence[PostId]) -> list[int]:
    """How many comments of each post the viewer may see."""
    found = await _seen(scope, ids, PostWant(comment_counts=True))
    return [found.comment_counts.get(post_id, 0) for post_id in ids]


async def posts_liked(scope: Scope, ids: Sequence[PostId]) -> list[bool]:
    """Whether the viewer likes each post."""
    if not scope.viewer.is_signed_in:
        return [False] * len(ids)
    found = await _seen(scope, ids, PostWant(flags=True))
    return [found.liked.get(post_id, False) for post_id in ids]


async def post_previews(scope: Scope, ids: Sequence[PostId]) -> list[tuple[VisibleComment, ...]]:
    """Up to two comments to show under each post."""
    found = await _seen(scope, ids, PostWant(previews=True))
    return [found.previews.get(post_id, ()) for post_id in ids]


async def look_ahead(loaders: Loaders, ids: Sequence[PostId], want: PostWant) -> list[VisiblePost | None]:
    """Load posts together with what will be asked of them next."""
    found = await _seen(loaders.scope, ids, want)
    posts_found = {post_id: found.posts.get(post_id) for post_id in ids}
    loaders.prime(posts_by_id, posts_found)
    loaders.prime(users_by_id, found.users)
    loaders.prime(relationships_by_id, found.relationships)
    for question, answers in (
        (post_media, found.media),
        (post_counts, found.counts),
        (comment_counts, found.comment_counts),
        (posts_liked, found.liked),
        (post_previews, found.previews),
    ):
        loaders.prime(question, answers)
    return [posts_found[post_id] for post_id in ids]


async def _seen(scope: Scope, ids: Sequence[PostId], want: PostWant) -> SeenPosts:
    async with scope.reading() as db:
        return await posts.posts(db, scope.viewer, ids, want)
