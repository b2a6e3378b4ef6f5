"""The two comments shown under a post in a feed."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from core.db import Read
from core.ids import CommentId, PostId
from core.viewer import Viewer
from services.visibility import profiles, rules
from services.visibility.rows import CommentRow, SeenPosts, VisibleComment

Candidates = Mapping[PostId, Sequence[Any]]

# A post with very many comments must not cost more than others: only its newest are looked at.
CONSIDERED = 8
SHOWN = 2
SPARE = 2


_BRANCH = """(
    select * from comments where author_id = :author_{n} and post_id = :post_{n} and deleted_at is null
    order by id desc limit {considered}
)"""


async def candidates(db: Read, ids: Sequence[PostId]) -> Candidates:
    """The newest comments of each post, in one statement."""
    if not ids:
        return {}
    parameters = {f"author_{n}": post.author_id for n, post in enumerate(ids)}
    parameters |= {f"post_{n}": post.id for n, post in enumerate(ids)}
    found: dict[PostId, list[Any]] = {}
    for row in await db.all(_newest(len(ids)), parameters):
        found.setdefault(PostId(row.author_id, row.post_id), []).append(row)
    return found


def writers(found: Candidates) -> set[UUID]:
    """Everybody who wrote one of them."""
    return {row.commenter_id for rows in found.values() for row in rows}


async def choose(db: Read, viewer: Viewer, seen: SeenPosts, found: Candidates) -> None:
    """Fill `seen.previews`: comments by people the viewer follows first, then the newest."""
    best = {post: _best(rows, seen) for post, rows in found.items() if post in seen.posts}
    people = {row.commenter_id for rows in best.values() for row in rows}
    seen.users.update(await profiles.users(db, viewer, people - seen.users.keys(), seen.relationships))
    for post in seen.posts:
        visible = [row for row in best.get(post, ()) if _is_visible(row, seen)]
        seen.previews[post] = tuple(comment(row) for row in visible[:SHOWN])


def comment(row: Any) -> VisibleComment:
    """A row of `comments` whose post and writer the viewer was found to see."""
    return VisibleComment(
        CommentRow(
            id=CommentId(row.author_id, row.id),
            post_id=PostId(row.author_id, row.post_id),
            writer_id=row.commenter_id,
            text=row.text,
            mentions=row.mentions,
            state=row.state,
            idempotency_key=row.idempotency_key,
            created_at=row.created_at,
        )
    )


def _best(rows: Sequence[Any], seen: SeenPosts) -> Sequence[Any]:
    ordered = sorted(rows, key=lambda row: (seen.relationships[row.commenter_id].follows, row.id), reverse=True)
    return ordered[: SHOWN + SPARE]


def _is_visible(row: Any, seen: SeenPosts) -> bool:
    writer = seen.users.get(row.commenter_id)
    return writer is not None and rules.may_see_comment(
        post_is_visible=True, writer_status=writer.status, is_deleted=row.deleted_at is not None
    )


@lru_cache(maxsize=64)
def _newest(count: int) -> TextClause:
    return text(" union all ".join(_BRANCH.format(n=n, considered=CONSIDERED) for n in range(count)))
