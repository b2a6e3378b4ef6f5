"""Uploads and the media made of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class Upload(Base):
    """A file on its way in. `state` is an `UploadState`, `purpose` an `UploadPurpose`, `stage` a `ProcessingStage`."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index(None, "user_id", "state", "id"),
        Index("uploads_open_expires_at", "expires_at", postgresql_where="state = 'OPEN'"),
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
    media_id: Mapped[UUID | None]
    stage: Mapped[str | None]
    fraction: Mapped[float]
    failure_code: Mapped[str | None]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


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
