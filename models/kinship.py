"""What proves that accounts belong to one human being, kept so that nobody can read it."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class IdentityMark(Base):
    """A MAC of a phone, a mailbox or an account elsewhere that a person proved to have, also once they changed it."""

    __tablename__ = "identity_marks"
    __table_args__ = (Index(None, "user_id"), distributed_by("mark", group="marks"))

    mark: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
