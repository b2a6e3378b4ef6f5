"""Uploads and the media made of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by

ENDS_BY_TIME = "state in ('OPEN', 'PROCESSING') or state = 'READY' and used_at is null"
"""Which uploads their `expires_at` ends."""


class Upload(Base):
    """A file on its way in; the medium made of it has the same id and owner.

    `state` is an `UploadState`, `purpose` an `UploadPurpose`, `stage` a `ProcessingStage`. `used_at` says since when a
    post or profile shows it. Whoever changes an upload or its medium locks this row first.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        Index("uploads_user_id_id_unused", "user_id", "id", postgresql_where="used_at is null"),
        Index("uploads_user_id_sha256", "user_id", "sha256", postgresql_where="sha256 is not null"),
        Index("uploads_expires_at", "expires_at", postgresql_where=ENDS_BY_TIME),
        distributed_by("user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    purpose: Mapped[str]
    file_name: Mapped[str | None]
    content_type: Mapped[str]
    byte_size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    storage_key: Mapped[str]
    received_bytes: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[str | None]
    fraction: Mapped[float]
    failure_code: Mapped[str | None]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Media(Base):
    """A picture of a post or profile. `status` is a `MediaStatus`; `renditions` lists the files that were made."""

    __tablename__ = "media"
    __table_args__ = (
        Index("media_author_id_post_id_position", "author_id", "post_id", "position"),
        distributed_by("author_id"),
    )

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID | None]
    position: Mapped[int | None]
    status: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    alt_text: Mapped[str | None]
    focal_x: Mapped[float]
    focal_y: Mapped[float]
    blurhash: Mapped[str | None]
    dominant_color: Mapped[str | None]
    placeholder: Mapped[str | None]
    is_public: Mapped[bool]
    original_key: Mapped[str | None]
    renditions: Mapped[list[Any]]
    created_at: Mapped[datetime]
