"""Who may see what, as pure functions of how the viewer stands to a person and what the thing says of itself.

A rule answers the name of the wall that stands before a thing, or None for who may see it. `docs/who_sees_what.md`
tells the same to front-end teams.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Access = Literal["FULL", "PRIVATE", "BLOCKED_BY_VIEWER", "UNAVAILABLE"]
Wall = Literal[
    "DELETED",
    "BLOCKED",
    "BLOCKED_BY_VIEWER",
    "ACCOUNT_NOT_IN_USE",
    "PRIVATE_ACCOUNT",
    "NOT_PUBLISHED",
    "FOLLOWERS",
    "CLOSE_FRIENDS",
    "ONLY_ME",
    "POST_HIDDEN",
    "HELD_BACK",
    "NOT_SHOWN",
]
"""What stands before a thing; `FOLLOWERS`, `CLOSE_FRIENDS` and `ONLY_ME` are the audiences that the viewer lacks."""

AUDIENCES: Final = ("PUBLIC", "FOLLOWERS", "CLOSE_FRIENDS", "ONLY_ME")

_WALL_OF: Final[dict[Access, Wall]] = {
    "PRIVATE": "PRIVATE_ACCOUNT",
    "BLOCKED_BY_VIEWER": "BLOCKED_BY_VIEWER",
    "UNAVAILABLE": "ACCOUNT_NOT_IN_USE",
}
_LACKED: Final[dict[str, Wall]] = {
    "FOLLOWERS": "FOLLOWERS",
    "CLOSE_FRIENDS": "CLOSE_FRIENDS",
    "ONLY_ME": "ONLY_ME",
}


@dataclass(frozen=True, slots=True)
class Relationship:
    """How a viewer stands to one person. Signed out, everything is False.

    `close_friend_of`, `blocked_by` and `restricted_by` are what the person chose for the viewer; the viewer is told of
    none of them. `mutes` are each a `MuteTarget`.
    """

    is_self: bool = False
    follows: bool = False
    has_requested: bool = False
    followed_by: bool = False
    has_requested_viewer: bool = False
    follows_since: datetime | None = None
    is_close_friend: bool = False
    close_friend_of: bool = False
    blocks: bool = False
    blocked_by: bool = False
    restricts: bool = False
    restricted_by: bool = False
    mutes: tuple[str, ...] = ()


STRANGER = Relationship()


def profile_wall(status: str, relationship: Relationship) -> Wall | None:
    """A deleted account is nowhere to be found, nor is somebody who blocks the viewer; all others keep their handle."""
    if status == "DELETED":
        return "DELETED"
    return "BLOCKED" if relationship.blocked_by else None


def profile_access(status: str, is_private: bool, relationship: Relationship) -> Access:  # noqa: FBT001 - facts of a row
    """How much of a profile may be seen: all, the head of a private or blocked account, or the handle alone."""
    if relationship.is_self:
        return "FULL"
    if status != "ACTIVE":
        return "UNAVAILABLE"
    if relationship.blocks:
        return "BLOCKED_BY_VIEWER"
    return "PRIVATE" if is_private and not relationship.follows else "FULL"


def is_listed(relationship: Relationship) -> bool:
    """Whether somebody who exists for the viewer stands in lists and among mentions: not those whom the viewer blocks.

    The head of their profile is for a viewer who asks for this very one.
    """
    return not relationship.blocks


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What a post says of itself."""

    status: str
    audience: str
    is_deleted: bool


def is_in_audience(audience: str, relationship: Relationship) -> bool:
    """Whether somebody who may see the whole profile is among those whom posts of an audience are for."""
    if audience == "PUBLIC" or relationship.is_self:
        return True
    if audience == "FOLLOWERS":
        return relationship.follows
    return audience == "CLOSE_FRIENDS" and relationship.close_friend_of


def post_wall(post: PostFacts, access: Access, relationship: Relationship) -> Wall | None:
    """The author sees every post that is not deleted; others see published ones of profiles open to them.

    For posts of a profile that exists for the viewer.
    """
    if post.is_deleted:
        return "DELETED"
    if relationship.is_self:
        return None
    if access != "FULL":
        return _WALL_OF[access]
    if post.status != "PUBLISHED":
        return "NOT_PUBLISHED"
    return None if is_in_audience(post.audience, relationship) else _LACKED[post.audience]


def sees_like_count(author: Relationship, *, is_hidden: bool) -> bool:
    """A hidden like count is the author's own; of the likers, others are then shown only those they follow."""
    return not is_hidden or author.is_self


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """What a comment says of itself; its writer's account has a `writer_status`."""

    state: str
    writer_status: str
    is_deleted: bool


def comment_wall(
    comment: CommentFacts, writer: Relationship, *, post_is_visible: bool, is_own_post: bool
) -> Wall | None:
    """A comment is seen with its post while its writer's account is in use and neither of the two blocks the other.

    One that is held back is seen by its writer, and by the author of the post. `writer` is how the viewer stands to
    who wrote it.
    """
    if comment.is_deleted:
        return "DELETED"
    if not post_is_visible:
        return "POST_HIDDEN"
    if comment.writer_status != "ACTIVE":
        return "ACCOUNT_NOT_IN_USE"
    if writer.blocked_by:
        return "BLOCKED"
    if writer.blocks:
        return "BLOCKED_BY_VIEWER"
    return None if comment.state == "VISIBLE" or writer.is_self or is_own_post else "HELD_BACK"


def tag_wall(access: Access) -> Wall | None:
    """A tag is seen in a picture that is, while the tagged account is in use and the viewer does not block it.

    For people who exist for the viewer; that their account is private hides nothing.
    """
    return None if access in {"FULL", "PRIVATE"} else _WALL_OF[access]


def media_wall(*, is_shown: bool, is_own: bool) -> Wall | None:
    """A picture is seen with the post or profile that shows it to the viewer, and always by its owner."""
    return None if is_own or is_shown else "NOT_SHOWN"


def follow_request_wall(requester: Access) -> Wall | None:
    """A request is seen by the two it concerns, while the account of who asks is in use."""
    return None if requester in {"FULL", "PRIVATE"} else _WALL_OF[requester]
