"""Whose timelines a post belongs to, piece by piece."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import TextClause, Uuid, bindparam, text

from core.db import Read
from core.ids import PostId

PIECE = 5_000

_NOBODY = UUID(int=0)


async def readers(db: Read, post_id: PostId, after: UUID | None) -> Sequence[UUID]:
    """The next followers of the author, in the order of their ids; nobody once the post is deleted."""
    parameters = {"author": post_id.author_id, "post": post_id.id, "after": after or _NOBODY, "count": PIECE}
    return await db.scalars(_READERS, parameters)


async def former_readers(db: Read, post_id: PostId, after: UUID | None) -> Sequence[UUID]:
    """The next followers of the author of a deleted post; nobody if it was never published."""
    parameters = {"author": post_id.author_id, "post": post_id.id, "after": after or _NOBODY, "count": PIECE}
    return await db.scalars(_FORMER_READERS, parameters)


_NEXT = """
    select f.follower_id from posts p join followers f on f.followee_id = p.author_id
    where p.author_id = :author and p.id = :post and {is_read}
    and f.state = 'ACTIVE' and f.follower_id > :after
    order by f.follower_id limit :count
"""


def _piece(is_read: str) -> TextClause:
    parameters = [bindparam(name, type_=Uuid) for name in ("author", "post", "after")]
    return text(_NEXT.format(is_read=is_read)).bindparams(*parameters)


_READERS = _piece("p.status = 'PUBLISHED' and p.deleted_at is null")
_FORMER_READERS = _piece("p.published_at is not null")
