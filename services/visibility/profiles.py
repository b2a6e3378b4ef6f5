"""Profiles as others may see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, text

from core.db import Read
from core.direct import Direct, Record
from core.errors import NotFound
from core.ids import MediaId, UserId
from core.viewer import Viewer
from services.visibility import relationships, rules
from services.visibility.rows import MediaRow, UserRow, VisibleMedia, VisibleUser
from services.visibility.rules import Relationship, Wall

COLUMNS = """
    u.id as user_id, u.handle, u.display_name, u.pronouns, u.bio, nullif(u.bio_mentions, '{}') as bio_mentions,
    nullif(u.links, '[]') as links, u.is_verified, u.is_private, u.status as user_status,
    u.created_at as user_created_at, to_jsonb(avatar) as avatar
"""
"""The first columns of a row for `judge`, in the order of `UserRow`."""
WIDTH = 12
AVATAR = "left join media avatar on avatar.author_id = u.id and avatar.id = u.avatar_id"

_BY_ID = Direct(
    text(
        f"""
        with {relationships.standing("= any(:ids)")}
        select {COLUMNS}, {relationships.COLUMNS}
        from users u {AVATAR} {relationships.join("u.id")} where u.id = any(:ids)
        """  # noqa: S608 - constants
    ).bindparams(bindparam("viewer", type_=Uuid), bindparam("ids", type_=ARRAY(Uuid)))
)


@dataclass(frozen=True, slots=True)
class SeenUsers:
    """The profiles that exist for the viewer; `walls` stand before the others."""

    users: dict[UUID, VisibleUser] = field(default_factory=dict)
    walls: dict[UUID, Wall] = field(default_factory=dict)


async def users(db: Read, viewer: Viewer, ids: Iterable[UUID]) -> Mapping[UUID, VisibleUser]:
    """The profiles that exist for the viewer."""
    return (await seen_users(db, viewer, ids)).users


async def seen_users(db: Read, viewer: Viewer, ids: Iterable[UUID]) -> SeenUsers:
    """As `users`, with what stands before those that do not."""
    asked, seen = set(ids), SeenUsers()
    if not asked:
        return seen
    rows = await db.rows(_BY_ID, {"ids": list(asked), "viewer": relationships.asking(viewer)})
    stands = relationships.of_rows(viewer, ((row["user_id"], row) for row in rows))
    for row in rows:
        user_id, relationship = row["user_id"], stands[row["user_id"]]
        wall = rules.profile_wall(row["user_status"], relationship)
        if wall is None:
            seen.users[user_id] = judge(row, relationship)
        else:
            seen.walls[user_id] = wall
    return seen


async def require_user(db: Read, viewer: Viewer, user_id: UUID) -> VisibleUser:
    """The profile, or `NotFound`."""
    try:
        return (await users(db, viewer, [user_id]))[user_id]
    except KeyError:
        raise NotFound(id=str(UserId(user_id))) from None


def judge(row: Record, relationship: Relationship) -> VisibleUser:
    """Cut a row that begins with `COLUMNS` down to what the viewer may see of it."""
    access = rules.profile_access(row["user_status"], row["is_private"], relationship)
    avatar = picture(row["avatar"], row["user_id"]) if row["avatar"] else None
    user = UserRow._make([*row[: WIDTH - 1], avatar, access, relationship])
    if access == "UNAVAILABLE":
        user = user._replace(
            display_name=user.handle, pronouns=None, bio=None, links=(), avatar=None, is_verified=False
        )
    return VisibleUser(user)


def picture(row: Mapping[str, Any], owner_id: UUID) -> VisibleMedia:
    """A row of `media` as JSON whose owner or post the viewer was found to see."""
    return VisibleMedia(
        MediaRow(
            id=MediaId(owner_id, UUID(row["id"])),
            status=row["status"],
            width=row["width"],
            height=row["height"],
            alt_text=row["alt_text"],
            blurhash=row["blurhash"],
            dominant_color=row["dominant_color"],
            placeholder=row["placeholder"],
            is_public=row["is_public"],
            files=row["renditions"],
        )
    )
