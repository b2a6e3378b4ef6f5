"""Whose timelines a post belongs to, piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, Uuid, bindparam, text

from core.db import Read
from core.ids import PostId
from services.visibility import rules
from services.visibility.rules import Relationship

PIECE = 5_000

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Piece:
    """The next followers of an author in the order of their ids, up to `last`; None if there are no more.

    A post is for those in `readers`, some of whom `gained` it just now; others `lost` it.
    """

    last: UUID | None = None
    readers: Sequence[UUID] = ()
    gained: Sequence[UUID] = ()
    lost: Sequence[UUID] = ()


async def published(db: Read, post_id: PostId, after: UUID | None) -> Piece:
    """Whom a post is for; nobody once it is deleted."""
    found: Sequence[UUID] = await db.scalars(_READERS, _parameters(post_id, after))
    return Piece(found[-1], readers=found, gained=found) if found else Piece()


async def deleted(db: Read, post_id: PostId, after: UUID | None) -> Piece:
    """Whom a deleted post was for; nobody if it was never published."""
    found: Sequence[UUID] = await db.scalars(_FORMER_READERS, _parameters(post_id, after))
    return Piece(found[-1], lost=found) if found else Piece()


async def moved(db: Read, post_id: PostId, after: UUID | None, before: str) -> Piece:
    """Whom a post is for now, and who of those that its audience was `before` is left out."""
    rows: Sequence[Any] = await db.all(_FOLLOWERS, _parameters(post_id, after))
    had = {row.follower_id for row in rows if _is_for(before, row)}
    has = [row.follower_id for row in rows if _is_for(row.audience, row)]
    return Piece(
        last=rows[-1].follower_id if rows else None,
        readers=has,
        gained=[each for each in has if each not in had],
        lost=sorted(had.difference(has)),
    )


def _is_for(audience: str, row: Any) -> bool:
    standing = Relationship(follows=True, close_friend_of=row.is_close_friend)
    return rules.is_in_audience(audience, standing)


def _parameters(post_id: PostId, after: UUID | None) -> dict[str, Any]:
    return {"author": post_id.author_id, "post": post_id.id, "after": after or _NOBODY, "count": PIECE}


_FRIENDS = "(select person_id from stances where owner_id = :author and close_friend_since is not null)"
_FROM = "from posts p join followers f on f.followee_id = p.author_id"
_NEXT = f"""
    p.author_id = :author and p.id = :post and f.state = 'ACTIVE' and f.follower_id > :after
    and (p.audience in ('PUBLIC', 'FOLLOWERS') or (p.audience = 'CLOSE_FRIENDS' and f.follower_id in {_FRIENDS}))
    order by f.follower_id limit :count
"""


def _statement(sql: str) -> TextClause:
    return text(sql).bindparams(*[bindparam(name, type_=Uuid) for name in ("author", "post", "after")])


_READERS = _statement(f"select f.follower_id {_FROM} where p.status = 'PUBLISHED' and p.deleted_at is null and {_NEXT}")
_FORMER_READERS = _statement(f"select f.follower_id {_FROM} where p.published_at is not null and {_NEXT}")
# unguarded: whose timelines hold it is the system's question, the door judges who reads them
_FOLLOWERS = _statement(
    f"""
    select f.follower_id, p.audience, s.close_friend_since is not null as is_close_friend
    {_FROM} left join stances s on s.owner_id = p.author_id and s.person_id = f.follower_id
    where p.author_id = :author and p.id = :post and p.status = 'PUBLISHED' and p.deleted_at is null
    and f.state = 'ACTIVE' and f.follower_id > :after
    order by f.follower_id limit :count
    """
)
