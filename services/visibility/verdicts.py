"""Why a viewer sees a thing or does not, for those who run the place: the door's own reading, and what it went by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.db import Read
from core.ids import CommentId, MediaId, PostId, UserId
from core.paging import PostWant
from core.viewer import Viewer
from models.comments import Comment
from models.media import Media
from models.posts import Post
from models.profiles import User
from services.visibility import comments, media, posts, profiles
from services.visibility.relationships import relationships
from services.visibility.rules import Wall

Judged = UserId | PostId | CommentId | MediaId
JUDGED = (UserId, PostId, CommentId, MediaId)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wall` is None if the viewer sees the thing; `facts` are what was judged; `post` is the one around it."""

    wall: Wall | None
    owner_id: UUID
    post: PostId | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


async def verdict(db: Read, viewer: Viewer, thing: Judged) -> Verdict | None:
    """Whether the viewer sees a profile, post, comment or picture, and why; None if there never was such a thing."""
    if isinstance(thing, UserId):
        return await _of_user(db, viewer, thing)
    if isinstance(thing, PostId):
        return await _of_post(db, viewer, thing)
    if isinstance(thing, CommentId):
        return await _of_comment(db, viewer, thing)
    return await _of_picture(db, viewer, thing)


async def _of_user(db: Read, viewer: Viewer, user: UserId) -> Verdict | None:
    seen = await profiles.seen_users(db, viewer, [user.id])
    if user.id not in seen.users and user.id not in seen.walls:
        return None
    shown = {f"profile shown to {_name(viewer)}": seen.users[user.id].access} if user.id in seen.users else {}
    return Verdict(seen.walls.get(user.id), user.id, facts=await _standing(db, viewer, "person", user.id) | shown)


async def _of_post(db: Read, viewer: Viewer, post: PostId) -> Verdict | None:
    seen = await posts.posts(db, viewer, [post], PostWant())
    own = (Post.author_id == post.author_id, Post.id == post.id)
    row = await db.first(select(Post.audience, Post.status, Post.deleted_at).where(*own))
    if row is None:
        return None
    facts = {"post": f"{row.audience}, {row.status}{', deleted' if row.deleted_at else ''}"}
    return Verdict(
        seen.walls.get(post), post.author_id, post, facts | await _standing(db, viewer, "author", post.author_id)
    )


async def _of_comment(db: Read, viewer: Viewer, comment: CommentId) -> Verdict | None:
    seen = await comments.comments(db, viewer, [comment])
    own = (Comment.author_id == comment.author_id, Comment.id == comment.id)
    row = await db.first(select(Comment.post_id, Comment.commenter_id, Comment.state, Comment.deleted_at).where(*own))
    if row is None:
        return None
    post = PostId(comment.author_id, row.post_id)
    under = await _of_post(db, viewer, post)
    facts = {"comment": f"{row.state}{', deleted' if row.deleted_at else ''}"}
    facts |= await _standing(db, viewer, "writer", row.commenter_id)
    return Verdict(seen.walls.get(comment), comment.author_id, post, facts | (_around(under) if under else {}))


async def _of_picture(db: Read, viewer: Viewer, picture: MediaId) -> Verdict | None:
    seen = await media.media(db, viewer, [picture])
    own = (Media.author_id == picture.author_id, Media.id == picture.id)
    row = await db.first(select(Media.post_id, Media.status).where(*own))
    if row is None:
        return None
    post = PostId(picture.author_id, row.post_id) if row.post_id else None
    around = await _of_post(db, viewer, post) if post else None
    facts = {"picture": row.status} | await _standing(db, viewer, "owner", picture.author_id)
    wall: Wall | None = None if picture in seen else "NOT_SHOWN"
    return Verdict(wall, picture.author_id, post, facts | (_around(around) if around else {}))


def _around(post: Verdict) -> dict[str, Any]:
    """What is said of the post around a thing."""
    return {**post.facts, "wall before the post": post.wall or "none"}


async def _standing(db: Read, viewer: Viewer, role: str, person: UUID) -> dict[str, Any]:
    """The state of a person's account, and how the viewer stands to them."""
    found = (await relationships(db, viewer, [person]))[person]
    facts = {each.name: getattr(found, each.name) for each in fields(found)}
    held = ", ".join(name if value is True else f"{name}: {value}" for name, value in facts.items() if value)
    row = await db.first(select(User.status, User.is_private).where(User.id == person))
    account = f"{row.status}, {'private' if row.is_private else 'public'}" if row else "none"
    return {f"account of the {role}": account, f"{_name(viewer)} to the {role}": held or "stranger"}


def _name(viewer: Viewer) -> str:
    return "viewer" if viewer.is_signed_in else "nobody"
