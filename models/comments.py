"""Comments under posts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class Comment(Base):
    """A comment by `commenter_id`, kept with the author of the post. `state` is a `CommentState`.

    It `is_counted` while its writer's account is in use, a little late.
    """

    __tablename__ = "comments"
    __table_args__ = (
        Index("comments_author_id_post_id_id", "author_id", "post_id", "id", postgresql_where="deleted_at is null"),
        Index(
            "comments_author_id_post_id_commenter_id",
            "author_id",
            "post_id",
            "commenter_id",
            postgresql_where="deleted_at is null",
        ),
        Index(None, "commenter_id", "id"),
        distributed_by("author_id"),
    )

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID]
    commenter_id: Mapped[UUID]
    text: Mapped[str]
    mentions: Mapped[dict[str, Any]]
    state: Mapped[str]
    is_counted: Mapped[bool]
    idempotency_key: Mapped[str | None]
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
