"""Codes that were mailed to people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class MailCode(Base):
    """A code that works once, until `expires_at`. Its text is derived from the row's ids, and stored nowhere.

    `purpose` is VERIFY_EMAIL, CHANGE_EMAIL, RESTORE_EMAIL or RESET_PASSWORD, `email` the address it goes to.
    """

    __tablename__ = "mail_codes"
    __table_args__ = (Index(None, "expires_at"), distributed_by("user_id"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    email: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
