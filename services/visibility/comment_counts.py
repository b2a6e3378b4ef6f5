"""How many comments a viewer may see: all that are counted, less and more what blocks and held comments make of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.ids import PostId
from services.visibility.rules import Relationship

Difference = tuple[int, int]
"""How many comments that others see blocks hide from a viewer, and how many of the viewer's own are held back."""

NONE: Final[Difference] = (0, 0)

BLOCKERS: Final = 10_000
"""A page looks for comments of so many who block the viewer, the last ones: who is known to all, millions block."""

APART_OF_ONE = f"""
    apart as materialized (
        select owner_id as viewer_id, person_id from stances where owner_id = :viewer and blocked_at is not null
        union
        (select person_id, owner_id from received_stances where person_id = :viewer and blocked_at is not null
        order by blocked_at desc limit {BLOCKERS})
    )
"""  # noqa: S608 - constants
"""`:viewer` and people of whom one blocks the other, as a common table expression."""

APART = """
    apart as materialized (
        select owner_id as viewer_id, person_id from stances where owner_id = any(:viewers) and blocked_at is not null
        union
        select person_id, owner_id from received_stances where person_id = any(:viewers) and blocked_at is not null
    )
"""
"""As `APART_OF_ONE`, for all of `:viewers`, with all who block them."""

_ASKED = "unnest(:authors, :ids) as asked(author_id, id)"


def _differences(apart: str) -> str:
    """For viewers and posts that have any, their difference; beside the pairs of `APART`."""
    return f"""
    select viewer_id, author_id, post_id, sum(hidden)::bigint as hidden, sum(held)::bigint as held from (
        select apart.viewer_id, c.author_id, c.post_id, 1 as hidden, 0 as held
        from {_ASKED} join comments c on c.author_id = asked.author_id and c.post_id = asked.id
        join {apart} on apart.person_id = c.commenter_id
        where c.deleted_at is null and c.is_counted and (c.state = 'VISIBLE' or c.author_id = apart.viewer_id)
        union all
        select c.commenter_id, c.author_id, c.post_id, 0, 1
        from {_ASKED} join comments c on c.author_id = asked.author_id and c.post_id = asked.id
        where c.commenter_id = any(:viewers) and c.deleted_at is null and c.is_counted and c.state <> 'VISIBLE'
        and c.commenter_id <> c.author_id
    ) changes group by viewer_id, author_id, post_id
"""  # noqa: S608 - constants


DIFFERENCES = _differences("apart")
_OF_MANY = text(f"with {APART} {DIFFERENCES}").bindparams(
    *(bindparam(name, type_=ARRAY(Uuid)) for name in ("viewers", "authors", "ids"))
)


def shown(counts: Mapping[str, int], author: Relationship, difference: Difference) -> int:
    """How many comments a viewer may see who stands so to the author of the post."""
    hidden, held = difference
    waiting = counts.get("comments_held", 0) if author.is_self else 0
    return counts.get("comments", 0) + waiting - hidden + held


async def differences(
    db: Read, viewers: Sequence[UUID], posts: Sequence[PostId]
) -> Mapping[UUID | None, Mapping[PostId, Difference]]:
    """For each viewer, the posts of which the viewer sees fewer or more comments than others."""
    ids = {"authors": [post.author_id for post in posts], "ids": [post.id for post in posts]}
    found: dict[UUID | None, dict[PostId, Difference]] = {}
    rows: Sequence[Any] = await db.all(_OF_MANY, {"viewers": list(viewers), **ids}) if viewers else ()
    for row in rows:
        found.setdefault(row.viewer_id, {})[PostId(row.author_id, row.post_id)] = (row.hidden, row.held)
    return found
