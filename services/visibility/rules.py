"""Who may see what, as pure functions of how the viewer stands to a person and what the thing says of itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Access = Literal["FULL", "PRIVATE", "UNAVAILABLE"]


@dataclass(frozen=True, slots=True)
class Relationship:
    """How a viewer stands to one person. Signed out, everything is False."""

    is_self: bool = False
    follows: bool = False
    has_requested: bool = False
    followed_by: bool = False
    follows_since: datetime | None = None


STRANGER = Relationship()


def profile_access(status: str, is_private: bool, relationship: Relationship) -> Access:  # noqa: FBT001 - facts of a row
    """How much of a profile may be seen: all, the head of a private account, or the handle alone."""
    if relationship.is_self:
        return "FULL"
    if status != "ACTIVE":
        return "UNAVAILABLE"
    return "PRIVATE" if is_private and not relationship.follows else "FULL"


def profile_exists(status: str) -> bool:
    """A deleted account is nowhere to be found; a suspended one keeps its handle."""
    return status != "DELETED"


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What a post says of itself."""

    status: str
    audience: str
    is_deleted: bool


def may_see_post(post: PostFacts, access: Access, relationship: Relationship) -> bool:
    """The author sees every post that is not deleted; others see published ones of profiles open to them."""
    if post.is_deleted:
        return False
    if relationship.is_self:
        return True
    if access != "FULL" or post.status != "PUBLISHED":
        return False
    return post.audience == "PUBLIC" or relationship.follows


def may_see_comment(*, post_is_visible: bool, writer_status: str, is_deleted: bool) -> bool:
    """A comment is seen with its post, unless it was deleted or its writer's account is not in use."""
    return post_is_visible and not is_deleted and writer_status == "ACTIVE"


def may_see_media(*, is_shown: bool, is_own: bool) -> bool:
    """A picture is seen with the post or profile that shows it to the viewer, and always by its owner."""
    return is_own or is_shown
