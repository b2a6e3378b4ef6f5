"""Posts, the short codes in their links, and the places they were taken at."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by, reference


class Post(Base):
    """Metadata of a post, never bytes. `status` is a `PostStatus`; a deleted post keeps its row until it is purged."""

    __tablename__ = "posts"
    __table_args__ = (
        Index(
            "posts_author_id_id_published",
            "author_id",
            "id",
            postgresql_include=["audience"],
            postgresql_where="status = 'PUBLISHED' and deleted_at is null",
        ),
        Index("posts_deleted_at", "deleted_at", postgresql_where="deleted_at is not null"),
        distributed_by("author_id"),
    )

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    shortcode: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    audience: Mapped[str]
    caption: Mapped[str | None]
    caption_mentions: Mapped[dict[str, Any]]
    media_count: Mapped[int]
    place_id: Mapped[UUID | None]
    comment_audience: Mapped[str]
    hides_like_count: Mapped[bool]
    is_sensitive: Mapped[bool]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Shortcode(Base):
    """The post that a short code leads to."""

    __tablename__ = "shortcodes"
    __table_args__ = distributed_by("shortcode", group="shortcodes")

    shortcode: Mapped[str] = mapped_column(primary_key=True)
    author_id: Mapped[UUID]
    post_id: Mapped[UUID]


class Place(Base):
    """A spot on the map that people name in posts; coordinates are degrees with six decimals."""

    __tablename__ = "places"
    __table_args__ = (UniqueConstraint("name", "latitude", "longitude"), reference())

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    created_at: Mapped[datetime]
