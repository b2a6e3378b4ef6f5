"""What people choose for all they publish."""

from uuid import UUID

from sqlalchemy import ARRAY, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class PrivacySetting(Base):
    """The choices of one person; who never made one has no row, or None. Each `…_audience` is an `Audience`."""

    __tablename__ = "privacy_settings"
    __table_args__ = distributed_by("user_id")

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    hides_like_counts: Mapped[bool]
    comment_audience: Mapped[str]
    mention_audience: Mapped[str | None]
    tag_audience: Mapped[str | None]
    is_discoverable: Mapped[bool | None]
    filtered_words: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
