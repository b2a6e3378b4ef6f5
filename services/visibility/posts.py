"""Posts as others may see them, with as much around them as is wanted, in few statements."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.direct import Direct
from core.errors import NotFound
from core.ids import PostId
from core.paging import PostWant
from core.viewer import Viewer
from services.visibility import comment_counts, previews, profiles, relationships, rules
from services.visibility.rows import PostRow, SeenPosts, VisiblePost
from services.visibility.witness import WatchedViewer

# Where in a row the columns of the post itself stand, in the order of `PostRow`.
_OWN = slice(profiles.WIDTH, profiles.WIDTH + len(PostRow._fields) - 2)
_FILLED = {"caption_mentions": "nullif(p.caption_mentions, '{}') as caption_mentions"}
_OWN_COLUMNS = [_FILLED.get(name, f"p.{name}") for name in PostRow._fields[2:]]

_ASKED = "unnest(:authors, :ids) as asked(author_id, id)"

_MEDIA = f"""left join (
    select m.author_id, m.post_id, jsonb_agg(to_jsonb(m) order by m.position) as items
    from {_ASKED} join media m on m.author_id = asked.author_id and m.post_id = asked.id
    group by m.author_id, m.post_id
) pictures on pictures.author_id = p.author_id and pictures.post_id = p.id"""  # noqa: S608 - constants

_COUNTS = f"""left join (
    select author_id, subject_id, jsonb_object_agg(name, value) as numbers from (
        select author_id, subject_id, name, sum(value)::bigint as value from (
            select c.author_id, c.subject_id, c.name, c.value from {_ASKED}
            join counters c on c.author_id = asked.author_id and c.subject_id = asked.id
            union all
            select d.author_id, d.subject_id, d.name, d.delta from {_ASKED}
            join counter_deltas d on d.author_id = asked.author_id and d.subject_id = asked.id
        ) changes group by author_id, subject_id, name
    ) sums group by author_id, subject_id
) counts on counts.author_id = p.author_id and counts.subject_id = p.id"""  # noqa: S608 - constants

_LIKED = """left join post_likes own_like
    on own_like.author_id = p.author_id and own_like.post_id = p.id and own_like.liker_id = :viewer"""


_DIFFERENCES = f"""left join ({comment_counts.DIFFERENCES}) difference
    on difference.author_id = p.author_id and difference.post_id = p.id"""


async def posts(db: Read, viewer: Viewer, ids: Sequence[PostId], want: PostWant) -> SeenPosts:
    """Posts the viewer may see, by id: one statement, and another when comment previews are wanted."""
    seen = SeenPosts()
    if not ids:
        return seen
    rows = await db.rows(_statement(want), _parameters(viewer, ids, want))
    seen.relationships.update(relationships.of_rows(viewer, ((row["author_id"], row) for row in rows)))
    for row in rows:
        _judge(seen, row, want)
        if isinstance(viewer, WatchedViewer) and _is_counted_for_viewer(want):
            viewer.witness.counted[PostId(row["author_id"], row["id"])] = _difference(row)
    if want.previews:
        await previews.choose(db, viewer, seen)
    return seen


async def require_post(db: Read, viewer: Viewer, post_id: PostId) -> VisiblePost:
    """The post, or `NotFound`."""
    try:
        return (await posts(db, viewer, [post_id], PostWant())).posts[post_id]
    except KeyError:
        raise NotFound(id=str(post_id)) from None


def _judge(seen: SeenPosts, row: Any, want: PostWant) -> None:
    """Let one row through, with everything that came with it, or drop all of it."""
    author_id = row["author_id"]
    post_id, relationship = PostId(author_id, row["id"]), seen.relationships[author_id]
    wall = rules.profile_wall(row["user_status"], relationship)
    if wall is None:
        author = seen.users.get(author_id) or profiles.judge(row, relationship)
        facts = rules.PostFacts(row["status"], row["audience"], is_deleted=row["deleted_at"] is not None)
        wall = rules.post_wall(facts, author.access, relationship)
    if wall is not None:
        seen.walls[post_id] = wall
        return
    seen.posts[post_id] = VisiblePost(PostRow(post_id, relationship, *row[_OWN]))
    seen.users[author_id] = author
    if want.media:
        seen.media[post_id] = tuple([profiles.picture(item, author_id) for item in row["media"] or ()])
    if want.counts:
        seen.counts[post_id] = row["counts"] or {}
    if want.comment_counts:
        seen.comment_counts[post_id] = comment_counts.shown(row["counts"] or {}, relationship, _difference(row))
    if want.flags:
        seen.liked[post_id] = row["is_liked"]


def _difference(row: Any) -> comment_counts.Difference:
    return (row["hidden"] or 0, row["held"] or 0)


def _is_counted_for_viewer(want: PostWant) -> bool:
    """Whether it goes by which comments the viewer sees and others do not."""
    return want.comment_counts or want.previews


def _parameters(viewer: Viewer, ids: Sequence[PostId], want: PostWant) -> dict[str, Any]:
    asked = list(dict.fromkeys(ids))
    asking = relationships.asking(viewer)
    return {
        "authors": [post.author_id for post in asked],
        "ids": [post.id for post in asked],
        "viewer": viewer.id if want.flags else asking,
        "viewers": [asking] if asking else [],
    }


@lru_cache
def _statement(want: PostWant) -> Direct:
    columns = [profiles.COLUMNS, *_OWN_COLUMNS, "p.author_id", "p.id", "p.deleted_at", relationships.COLUMNS]
    joins = [profiles.AVATAR, relationships.join("p.author_id")]
    for is_wanted, column, join in (
        (want.media, "pictures.items as media", _MEDIA),
        (want.counts or want.comment_counts, "counts.numbers as counts", _COUNTS),
        (_is_counted_for_viewer(want), "difference.hidden, difference.held", _DIFFERENCES),
        (want.flags, "own_like.liker_id is not null as is_liked", _LIKED),
    ):
        if is_wanted:
            columns.append(column)
            joins.append(join)
    source = (
        f"{_ASKED} join posts p on p.author_id = asked.author_id and p.id = asked.id join users u on u.id = p.author_id"
    )
    standing = relationships.standing("= any(:authors)")
    parameters = [bindparam(name, type_=ARRAY(Uuid)) for name in ("authors", "ids")]
    if _is_counted_for_viewer(want):
        standing = f"{standing}, {comment_counts.APART_OF_ONE}"
        parameters.append(bindparam("viewers", type_=ARRAY(Uuid)))
    sql = text(f"with {standing} select {', '.join(columns)} from {source} {' '.join(joins)}")  # noqa: S608 - constants
    return Direct(sql.bindparams(*parameters, bindparam("viewer", type_=Uuid)))
