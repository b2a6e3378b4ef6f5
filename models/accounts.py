"""What belongs to log-in: accounts and the email addresses that lead to them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class Account(Base):
    """The private side of a person. `role` is MEMBER, MODERATOR or ADMIN; who has no password comes by a provider.

    `leaving_reason` is why the person went, in their own words; a return clears it.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        Index(
            "accounts_deletion_scheduled_for",
            "deletion_scheduled_for",
            postgresql_where="deletion_scheduled_for is not null",
        ),
        Index("accounts_role", "role", postgresql_where="role <> 'MEMBER'"),
        distributed_by("user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_verified_at: Mapped[datetime | None]
    pending_email: Mapped[str | None]
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    role: Mapped[str]
    language: Mapped[str]
    time_zone: Mapped[str]
    birth_date: Mapped[date | None]
    accepted_terms: Mapped[str | None]
    created_at: Mapped[datetime]
    deletion_scheduled_for: Mapped[datetime | None]
    leaving_reason: Mapped[str | None]


class Email(Base):
    """Who holds an email address; the key is the address in lower case."""

    __tablename__ = "emails"
    __table_args__ = distributed_by("email", group="emails")

    email: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    claimed_at: Mapped[datetime]
