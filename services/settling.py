"""Which comments count: those of people whose accounts are in use, when they wrote and whenever that changes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Uuid, bindparam, select, text

from core.db import Write
from models.profiles import User
from services import counters


def counter(state: str) -> str:
    """The count that a comment in this state stands in."""
    return "comments" if state == "VISIBLE" else "comments_held"


async def is_in_use(tx: Write, user_id: UUID) -> bool:
    """Whether an account is in use, which it stays, or not, until the transaction ends."""
    status: str | None = await tx.scalar(select(User.status).where(User.id == user_id).with_for_update(read=True))
    return status == "ACTIVE"


async def settle_some(tx: Write, user_id: UUID, after: UUID | None, limit: int) -> UUID | None:
    """Count the next comments of a person, or cease to, as the account's state says now; None once all were looked at.

    Looks at most at `limit` of them behind `after`, and answers the last. Only what changes moves a count, so it may
    run twice, and at once. Comments that are written meanwhile stand right from the beginning.
    """
    counts = await is_in_use(tx, user_id)
    rows: Sequence[Any] = await tx.all(_WRITTEN, {"person": user_id, "after": after or UUID(int=0), "limit": limit})
    moved = [row for row in rows if row.is_counted is not counts]
    asked = {"authors": [row.author_id for row in moved], "ids": [row.id for row in moved], "counts": counts}
    for row in await tx.all(_SETTLE, asked) if moved else ():
        counters.add(tx, row.author_id, row.post_id, **{counter(row.state): 1 if counts else -1})
    return rows[-1].id if len(rows) == limit else None


_WRITTEN = text(
    """
    select author_id, id, is_counted from comments
    where commenter_id = :person and id > :after and deleted_at is null order by id limit :limit
    """
).bindparams(bindparam("person", type_=Uuid), bindparam("after", type_=Uuid))

_SETTLE = text(
    """
    update comments set is_counted = :counts where (author_id, id) in (select * from unnest(:authors, :ids))
    and deleted_at is null and is_counted <> :counts returning author_id, post_id, state
    """
).bindparams(
    bindparam("authors", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid)), bindparam("counts", type_=Boolean)
)
