"""The follow graph, stored once for each direction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class Follow(Base):
    """Whom a person follows. `state` is ACTIVE or PENDING (asked of a private account)."""

    __tablename__ = "follows"
    __table_args__ = (Index(None, "follower_id", "state", "created_at", "followee_id"), distributed_by("follower_id"))

    follower_id: Mapped[UUID] = mapped_column(primary_key=True)
    followee_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    created_at: Mapped[datetime]


class Follower(Base):
    """By whom a person is followed: the mirror of `Follow`, written in the same transaction."""

    __tablename__ = "followers"
    __table_args__ = (
        Index(None, "followee_id", "state", "created_at", "follower_id"),
        Index("followers_created_at", "created_at", postgresql_using="brin"),
        distributed_by("followee_id"),
    )

    followee_id: Mapped[UUID] = mapped_column(primary_key=True)
    follower_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    created_at: Mapped[datetime]
