"""Whose timelines a post belongs to, piece by piece."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from core.db import Read
from core.ids import PostId

PIECE = 5_000

_NOBODY = UUID(int=0)


async def readers(db: Read, post_id: PostId, after: UUID | None) -> Sequence[UUID]:
    """The next followers of the author, in the order of their ids; nobody once the post is deleted."""
    parameters = {"author": post_id.author_id, "post": post_id.id, "after": after or _NOBODY, "count": PIECE}
    return await db.scalars(_READERS, parameters)


async def former_readers(db: Read, post_id: PostId, after: UUID | None) -> Sequence[UUID]:
    """The next followers of the author of a deleted post."""
    return await db.scalars(_FOLLOWERS, {"author": post_id.author_id, "after": after or _NOBODY, "count": PIECE})


_AUTHOR, _AFTER = bindparam("author", type_=Uuid), bindparam("after", type_=Uuid)

_FOLLOWERS = text(
    """
    select follower_id from followers
    where followee_id = :author and state = 'ACTIVE' and follower_id > :after
    order by follower_id limit :count
    """
).bindparams(_AUTHOR, _AFTER)

_READERS = text(
    """
    select f.follower_id from posts p join followers f on f.followee_id = p.author_id
    where p.author_id = :author and p.id = :post and p.status = 'PUBLISHED' and p.deleted_at is null
    and f.state = 'ACTIVE' and f.follower_id > :after
    order by f.follower_id limit :count
    """
).bindparams(_AUTHOR, _AFTER, bindparam("post", type_=Uuid))
