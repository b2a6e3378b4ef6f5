"""What was deleted goes for good, with all that hangs on it, once nobody can call it back any more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, tuple_

from core.db import Read, Write
from core.ids import PostId
from models.comments import Comment
from models.counters import Counter, CounterDelta
from models.likes import PostLike
from models.media import Media
from models.posts import Post, Shortcode
from services import tags

KEPT_FOR: Final = timedelta(days=30)


async def find_doomed(db: Read, before: datetime, limit: int) -> list[PostId]:
    """Posts that were deleted before a moment and whose pictures are gone already."""
    has_media = select(Media.id).where(Media.author_id == Post.author_id, Media.post_id == Post.id).exists()
    doomed = select(Post.author_id, Post.id).where(Post.deleted_at < before, ~has_media).limit(limit)
    return [PostId(row.author_id, row.id) for row in await db.all(doomed)]


async def erase_some(tx: Write, post: PostId, limit: int) -> bool:
    """Erase a deleted post with all that hangs on it and its short code; False while more than a piece is left.

    At most `limit` likes and as many comments go at a time, so that no statement runs long.
    """
    if await _erase_piece(tx, PostLike, PostLike.liker_id, post, limit) == limit:
        return False
    # unguarded: they are erased, nobody is shown them
    if await _erase_piece(tx, Comment, Comment.id, post, limit) == limit:
        return False
    await tags.forget_post(tx, post)
    for numbers in (Counter, CounterDelta):
        await tx.execute(delete(numbers).where(numbers.author_id == post.author_id, numbers.subject_id == post.id))
    # unguarded: the code goes with its post
    gone = delete(Post).where(Post.author_id == post.author_id, Post.id == post.id).returning(Post.shortcode)
    for shortcode in await tx.scalars(gone):
        await tx.execute(delete(Shortcode).where(Shortcode.shortcode == shortcode))
    return True


async def _erase_piece(tx: Write, model: Any, key: Any, post: PostId, limit: int) -> int:
    mine = (model.author_id == post.author_id, model.post_id == post.id)
    keys: Sequence[Any] = await tx.scalars(select(key).where(*mine).limit(limit))
    if keys:
        pairs = tuple_(model.author_id, key).in_([(post.author_id, each) for each in keys])
        await tx.execute(delete(model).where(*mine, pairs))
    return len(keys)
