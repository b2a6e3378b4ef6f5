"""Who likes which post."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class PostLike(Base):
    """One like per person and post, kept with the author of the post."""

    __tablename__ = "post_likes"
    __table_args__ = (
        Index(None, "author_id", "post_id", "created_at", "liker_id"),
        Index(None, "liker_id", "created_at"),
        distributed_by("author_id"),
    )

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID] = mapped_column(primary_key=True)
    liker_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
