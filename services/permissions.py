"""May I do: what speaks against a viewer's doing something to what they already see, or None if nothing does."""

from typing import Literal
from uuid import UUID

from core.errors import NotAllowed, Path
from core.viewer import Viewer
from services.visibility.rows import CommentRow, PostRow, UserRow
from services.visibility.rules import Relationship

Reason = Literal["NOT_OWNER", "PRIVATE_ACCOUNT", "BLOCKED_BY_VIEWER", "AUDIENCE", "COMMENTS_OFF"]

_SENTENCES: dict[Reason, str] = {
    "NOT_OWNER": "This belongs to someone else.",
    "PRIVATE_ACCOUNT": "This account is private.",
    "BLOCKED_BY_VIEWER": "You block this account.",
    "AUDIENCE": "You are outside the audience the author chose.",
    "COMMENTS_OFF": "Comments are turned off.",
}


def require(reason: Reason | None, path: Path = ()) -> None:
    """Refuse with `NotAllowed` if there is a reason to; `path` leads to what it is about."""
    if reason is not None:
        raise NotAllowed(reason, _SENTENCES[reason], path)


def may_follow(person: UserRow) -> Reason | None:
    """Anybody in use whom the viewer does not block may be followed, or asked to be."""
    if person.access == "BLOCKED_BY_VIEWER":
        return "BLOCKED_BY_VIEWER"
    return "AUDIENCE" if person.access == "UNAVAILABLE" else None


def may_add_close_friend(person: UserRow) -> Reason | None:
    """Anybody in use whom the viewer does not block may be a close friend."""
    return may_follow(person)


def may_comment(post: PostRow) -> Reason | None:
    """The author always may; others as `comment_audience` says."""
    relationship = post.relationship
    if relationship.is_self or post.comment_audience == "EVERYONE":
        return None
    if post.comment_audience == "NOBODY":
        return "COMMENTS_OFF"
    return None if _belongs(relationship, post.comment_audience) else "AUDIENCE"


def may_mention(person: UserRow, audience: str) -> Reason | None:
    """Oneself always; others whose account is in use, as they let themselves be mentioned."""
    return _may_name(person, audience)


def may_tag(person: UserRow, audience: str) -> Reason | None:
    """Oneself always; others whose account is in use, as they let themselves be tagged."""
    return _may_name(person, audience)


def may_edit_post(post: PostRow) -> Reason | None:
    """Only the author edits and deletes a post."""
    return None if post.relationship.is_self else "NOT_OWNER"


def may_edit_media(viewer: Viewer, owner_id: UUID) -> Reason | None:
    """Only the owner says what is in a picture."""
    return None if viewer.id == owner_id else "NOT_OWNER"


def may_moderate_comment(viewer: Viewer, comment: CommentRow) -> Reason | None:
    """Only the author of the post hides and approves comments."""
    return None if viewer.id == comment.id.author_id else "NOT_OWNER"


def may_delete_comment(viewer: Viewer, comment: CommentRow) -> Reason | None:
    """The writer and the author of the post may."""
    return None if viewer.id in (comment.writer_id, comment.id.author_id) else "NOT_OWNER"


def _may_name(person: UserRow, audience: str) -> Reason | None:
    if person.relationship.is_self:
        return None
    if person.access == "BLOCKED_BY_VIEWER":
        return "BLOCKED_BY_VIEWER"
    return "AUDIENCE" if person.access == "UNAVAILABLE" or not _belongs(person.relationship, audience) else None


def _belongs(relationship: Relationship, audience: str) -> bool:
    """Whether the viewer belongs to an `Audience` of the person."""
    match audience:
        case "EVERYONE":
            return True
        case "FOLLOWERS":
            return relationship.follows
        case "FOLLOWING":
            return relationship.followed_by
    return False
