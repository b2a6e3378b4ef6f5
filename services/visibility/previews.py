"""The two comments shown under a post in a feed."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Boolean, Uuid, bindparam, text

from core.db import Read
from core.direct import Direct
from core.ids import CommentId, PostId
from core.viewer import Viewer
from services.visibility import profiles, relationships, rules
from services.visibility.rows import CommentRow, SeenPosts, VisibleComment
from services.visibility.witness import WatchedViewer

# A post with very many comments must not cost more than others: only its newest are looked at.
CONSIDERED = 8
SHOWN = 2

_WRITERS = "in (select commenter_id from newest)"


async def choose(db: Read, viewer: Viewer, seen: SeenPosts) -> None:
    """Fill `seen.previews` of the posts seen, in one statement."""
    if not seen.posts:
        return
    parameters: dict[str, Any] = {f"author_{n}": post.author_id for n, post in enumerate(seen.posts)}
    parameters |= {f"post_{n}": post.id for n, post in enumerate(seen.posts)}
    # A witness has to learn of everybody whom the order goes by.
    wanted = CONSIDERED if isinstance(viewer, WatchedViewer) else SHOWN
    parameters |= {"viewer": relationships.asking(viewer), "wanted": wanted, "all": wanted == CONSIDERED}
    rows = await db.rows(_statement(len(seen.posts)), parameters)
    writers = {row["commenter_id"]: row for row in rows if row["commenter_id"] not in seen.relationships}
    seen.relationships.update(relationships.of_rows(viewer, writers.items()))
    rows = sorted(rows, key=lambda row: (seen.relationships[row["commenter_id"]].follows, row["id"]), reverse=True)
    chosen: dict[PostId, list[VisibleComment]] = {post: [] for post in seen.posts}
    for row in rows:
        post_id = PostId(row["author_id"], row["post_id"])
        comments = chosen[post_id]
        if len(comments) < SHOWN and _is_visible(row, seen):
            comments.append(comment(row, post_id, is_own_post=False))
    seen.previews.update((post, tuple(comments)) for post, comments in chosen.items())


def comment(row: Any, post_id: PostId, *, is_own_post: bool) -> VisibleComment:
    """A row of `comments` whose post and writer the viewer was found to see.

    Only the author of the post is told of a state; who wrote a comment that is held back does not notice.
    """
    return VisibleComment(
        CommentRow(
            id=CommentId(post_id.author_id, row["id"]),
            post_id=post_id,
            writer_id=row["commenter_id"],
            text=row["text"],
            mentions=row["mentions"],
            state=row["state"] if is_own_post else "VISIBLE",
            idempotency_key=row["idempotency_key"],
            created_at=row["created_at"],
        )
    )


def _is_visible(row: Any, seen: SeenPosts) -> bool:
    """Whether a comment may be shown; its writer's profile is seen with it."""
    facts = rules.CommentFacts(row["state"], row["user_status"], is_deleted=row["deleted_at"] is not None)
    writer = seen.relationships[row["commenter_id"]]
    if rules.comment_wall(facts, writer, post_is_visible=True, is_own_post=False) is not None:
        return False
    if row["commenter_id"] not in seen.users:
        seen.users[row["commenter_id"]] = profiles.judge(row, writer)
    return True


@lru_cache(maxsize=64)
def _statement(posts: int) -> Direct:
    """Comments by people the viewer follows come first, then the newest.

    What is left out here the viewer may not see, or it waits for the author, or a witness asks for it; whether the rest
    may be seen, the rules say.
    """
    branches = " union all ".join(_branch(n) for n in range(posts))
    chosen = f"""
        with newest as materialized ({branches}),
        {relationships.standing(_WRITERS)},
        active as materialized (select id from users where id {_WRITERS} and status = 'ACTIVE'),
        ranked as materialized (
            select newest.*, row_number() over (
                partition by newest.author_id, newest.post_id
                order by coalesce(outgoing.state = 'ACTIVE', false) desc, newest.id desc
            ) as place
            from newest join active on active.id = newest.commenter_id
            {relationships.join("newest.commenter_id")}
            where :all or not coalesce(chosen.blocks or received.blocked_by, false)
        )
        select {profiles.COLUMNS}, {relationships.COLUMNS}, ranked.author_id, ranked.post_id, ranked.id,
            ranked.commenter_id, ranked.text, nullif(ranked.mentions, '{{}}') as mentions, ranked.state,
            ranked.idempotency_key, ranked.created_at, ranked.deleted_at
        from ranked join users u on u.id = ranked.commenter_id {profiles.AVATAR} {relationships.join("u.id")}
        where ranked.place <= :wanted
    """  # noqa: S608 - constants
    return Direct(text(chosen).bindparams(bindparam("viewer", type_=Uuid), bindparam("all", type_=Boolean)))


def _branch(n: int) -> str:
    return f"""(
        select * from comments where author_id = :author_{n} and post_id = :post_{n} and deleted_at is null
        and (state = 'VISIBLE' or (commenter_id = :viewer and commenter_id <> author_id))
        order by id desc limit {CONSIDERED}
    )"""  # noqa: S608 - constants
