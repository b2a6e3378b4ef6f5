"""The shapes rows have once the door let them through; the `Visible…` types are made inside this room only.

Those that come by the page are tuples, which are made in a quarter of a frozen dataclass's time. Empty lists and maps
are None, since JSON takes time to read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, NewType
from uuid import UUID

from core.ids import CommentId, FollowRequestId, MediaId, PostId, UploadId
from services.visibility.rules import Access, Relationship, Wall, is_listed


class RenditionRow(NamedTuple):
    """One file of a picture; `size` is an `ImageSize`, `format` an `ImageFormat`."""

    size: str
    format: str
    key: str
    width: int
    height: int
    byte_size: int


class MediaRow(NamedTuple):
    """A picture; `files` were made of it, each with the fields of a `RenditionRow`."""

    id: MediaId
    status: str
    width: int
    height: int
    alt_text: str | None
    blurhash: str | None
    dominant_color: str | None
    placeholder: str | None
    is_public: bool
    files: Sequence[Mapping[str, Any]]

    @property
    def renditions(self) -> tuple[RenditionRow, ...]:
        """The files that were made of it."""
        return tuple(RenditionRow(**file) for file in self.files)


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A file on its way in, for its owner."""

    id: UploadId
    state: str
    purpose: str
    file_name: str | None
    content_type: str
    byte_size: int
    received_bytes: int
    sha256: str | None
    storage_key: str
    stage: str | None
    fraction: float
    failure_code: str | None
    created_at: datetime
    expires_at: datetime


class UserRow(NamedTuple):
    """A profile, and how the viewer stands to the person; what `access` does not cover is blank already."""

    id: UUID
    handle: str
    display_name: str
    pronouns: str | None
    bio: str | None
    bio_mentions: Mapping[str, str] | None
    links: Sequence[Mapping[str, Any]] | None
    is_verified: bool
    is_private: bool
    status: str
    created_at: datetime
    avatar: "VisibleMedia | None"
    access: Access
    relationship: Relationship

    @property
    def is_listed(self) -> bool:
        """Whether the person stands in lists that others make."""
        return is_listed(self.relationship)


class PostRow(NamedTuple):
    """A post, and how the viewer stands to its author; counts, media and flags change at another pace."""

    id: PostId
    relationship: Relationship
    shortcode: str
    kind: str
    status: str
    audience: str
    caption: str | None
    caption_mentions: Mapping[str, str] | None
    media_count: int
    place_id: UUID | None
    comment_audience: str
    hides_like_count: bool
    is_sensitive: bool
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None


class TagRow(NamedTuple):
    """A person in a picture the viewer sees, at a point given as shares of its width and height."""

    person: "VisibleUser"
    x: float
    y: float


class CommentRow(NamedTuple):
    """A comment under a post the viewer sees."""

    id: CommentId
    post_id: PostId
    writer_id: UUID
    text: str
    mentions: Mapping[str, str] | None
    state: str
    idempotency_key: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FollowRequestRow:
    """A request that waits for an answer, for one of its two people."""

    id: FollowRequestId
    requester: "VisibleUser"
    recipient: "VisibleUser"
    created_at: datetime


VisibleMedia = NewType("VisibleMedia", MediaRow)
VisibleUpload = NewType("VisibleUpload", UploadRow)
VisibleUser = NewType("VisibleUser", UserRow)
VisiblePost = NewType("VisiblePost", PostRow)
VisibleTag = NewType("VisibleTag", TagRow)
VisibleComment = NewType("VisibleComment", CommentRow)
VisibleFollowRequest = NewType("VisibleFollowRequest", FollowRequestRow)


@dataclass(frozen=True, slots=True)
class SeenPosts:
    """What the viewer may see of the posts asked for, and what was read with them; `walls` stand before the others."""

    posts: dict[PostId, VisiblePost] = field(default_factory=dict)
    walls: dict[PostId, Wall] = field(default_factory=dict)
    users: dict[UUID, VisibleUser] = field(default_factory=dict)
    relationships: dict[UUID, Relationship] = field(default_factory=dict)
    media: dict[PostId, tuple[VisibleMedia, ...]] = field(default_factory=dict)
    counts: dict[PostId, Mapping[str, int]] = field(default_factory=dict)
    comment_counts: dict[PostId, int] = field(default_factory=dict)
    liked: dict[PostId, bool] = field(default_factory=dict)
    previews: dict[PostId, tuple[VisibleComment, ...]] = field(default_factory=dict)
