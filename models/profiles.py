"""Public profiles and the handles that lead to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class User(Base):
    """What others see of a person. `status` is ACTIVE, DEACTIVATED, SUSPENDED or DELETED."""

    __tablename__ = "users"
    __table_args__ = (
        Index("users_handle_start", text('(lower(handle) collate "C")'), "id"),
        Index("users_name_start", text('(lower(display_name) collate "C")'), "id"),
        distributed_by("id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    handle: Mapped[str]
    display_name: Mapped[str]
    pronouns: Mapped[str | None]
    bio: Mapped[str | None]
    bio_mentions: Mapped[dict[str, Any]]
    links: Mapped[list[Any]]
    avatar_id: Mapped[UUID | None]
    is_verified: Mapped[bool]
    is_private: Mapped[bool]
    status: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Handle(Base):
    """Who holds a handle, or left it not long ago, at `released_at`; the key is the handle in lower case."""

    __tablename__ = "handles"
    __table_args__ = (
        Index("handles_released_at", "released_at", postgresql_where="released_at is not null"),
        distributed_by("handle", group="handles"),
    )

    handle: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    claimed_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class ProtectedHandle(Base):
    """Whose handle nobody else's may look like; the key is what is left of it for the eye."""

    __tablename__ = "protected_handles"
    __table_args__ = distributed_by("skeleton", group="skeletons")

    skeleton: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
