"""Comments."""

from collections.abc import Sequence

from core.ids import CommentId
from loaders.base import Scope
from services.visibility import comments
from services.visibility.rows import VisibleComment


async def comments_by_id(scope: Scope, ids: Sequence[CommentId]) -> list[VisibleComment | None]:
    """Comments as the viewer sees them; None where there is none."""
    async with scope.reading() as db:
        found = await comments.comments(db, scope.viewer, ids)
    return [found.comments.get(comment_id) for comment_id in ids]
