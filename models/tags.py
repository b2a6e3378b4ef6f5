"""People tagged in pictures of posts, stored once for the picture and once for the person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class MediaTag(Base):
    """A person in a picture, kept with the author of the post; `x` and `y` are shares of its width and height."""

    __tablename__ = "media_tags"
    __table_args__ = (Index(None, "author_id", "post_id", "person_id"), distributed_by("author_id"))

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    media_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(SmallInteger)
    x: Mapped[float]
    y: Mapped[float]
    created_at: Mapped[datetime]


class TaggedPost(Base):
    """A post of somebody else with the person in it: the mirror of `MediaTag`, written in the same transaction."""

    __tablename__ = "tagged_posts"
    __table_args__ = (Index(None, "person_id", "author_id"), distributed_by("person_id"))

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    post_id: Mapped[UUID] = mapped_column(primary_key=True)
    author_id: Mapped[UUID]
