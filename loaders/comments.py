"""Comments, and what stands around them."""

from collections.abc import Sequence

from core.ids import CommentId
from loaders.base import Loaders, Scope
from loaders.posts import posts_by_id
from loaders.profiles import users_by_id
from services.visibility import comments
from services.visibility.rows import VisibleComment


async def comments_by_id(scope: Scope, ids: Sequence[CommentId]) -> list[VisibleComment | None]:
    """Comments as the viewer sees them; None where there is none."""
    async with scope.reading() as db:
        found = await comments.comments(db, scope.viewer, ids)
    return [found.comments.get(comment_id) for comment_id in ids]


async def read_comments(loaders: Loaders, ids: Sequence[CommentId]) -> None:
    """Read comments together with their posts and writers, for whoever loads them next."""
    async with loaders.scope.reading() as db:
        found = await comments.comments(db, loaders.scope.viewer, ids)
    loaders.prime(comments_by_id, {comment_id: found.comments.get(comment_id) for comment_id in ids})
    loaders.prime(posts_by_id, found.posts)
    loaders.prime(users_by_id, found.users)
