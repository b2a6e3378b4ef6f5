"""Comments as others may see them: with their post, and with a writer whom nothing hides from the viewer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.direct import Direct, Record
from core.errors import NotFound
from core.ids import CommentId, PostId
from core.paging import PostWant
from core.viewer import Viewer
from services.visibility import profiles, rules
from services.visibility.posts import posts
from services.visibility.previews import comment
from services.visibility.profiles import SeenUsers
from services.visibility.rows import VisibleComment, VisiblePost, VisibleUser
from services.visibility.rules import Wall

_BY_ID = Direct(
    text(
        """
        select c.* from unnest(:authors, :ids) as asked(author_id, id)
        join comments c on c.author_id = asked.author_id and c.id = asked.id
        """
    ).bindparams(bindparam("authors", type_=ARRAY(Uuid)), bindparam("ids", type_=ARRAY(Uuid)))
)


@dataclass(frozen=True, slots=True)
class SeenComments:
    """What the viewer may see of the comments asked for, with their posts and writers; `walls` stand before others."""

    comments: dict[CommentId, VisibleComment] = field(default_factory=dict)
    walls: dict[CommentId, Wall] = field(default_factory=dict)
    posts: Mapping[PostId, VisiblePost] = field(default_factory=dict)
    users: dict[UUID, VisibleUser] = field(default_factory=dict)


async def comments(db: Read, viewer: Viewer, ids: Sequence[CommentId]) -> SeenComments:
    """Comments the viewer may see, by id."""
    if not ids:
        return SeenComments()
    rows = await db.rows(_BY_ID, {"authors": [one.author_id for one in ids], "ids": [one.id for one in ids]})
    seen_posts = await posts(db, viewer, [PostId(row["author_id"], row["post_id"]) for row in rows], PostWant())
    writers = await profiles.seen_users(db, viewer, {row["commenter_id"] for row in rows})
    seen = SeenComments(posts=seen_posts.posts, users={**seen_posts.users, **writers.users})
    for row in rows:
        comment_id, post_id = CommentId(row["author_id"], row["id"]), PostId(row["author_id"], row["post_id"])
        is_own_post = post_id in seen.posts and seen.posts[post_id].relationship.is_self
        wall = _wall(row, writers, seen.posts.get(post_id))
        if wall is None:
            seen.comments[comment_id] = comment(row, post_id, is_own_post=is_own_post)
        else:
            seen.walls[comment_id] = wall
    return seen


async def require_comment(db: Read, viewer: Viewer, comment_id: CommentId) -> VisibleComment:
    """The comment, or `NotFound`."""
    try:
        return (await comments(db, viewer, [comment_id])).comments[comment_id]
    except KeyError:
        raise NotFound(id=str(comment_id)) from None


def _wall(row: Record, writers: SeenUsers, post: VisiblePost | None) -> Wall | None:
    """What stands before a comment; before one of somebody who is not there for the viewer, what stands before them."""
    writer = writers.users.get(row["commenter_id"])
    if writer is None:
        return writers.walls.get(row["commenter_id"], "DELETED")
    facts = rules.CommentFacts(row["state"], writer.status, is_deleted=row["deleted_at"] is not None)
    is_own_post = post is not None and post.relationship.is_self
    return rules.comment_wall(facts, writer.relationship, post_is_visible=post is not None, is_own_post=is_own_post)
