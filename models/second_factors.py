"""What a log-in asks for besides the password: authenticator apps, recovery codes, and log-ins that wait for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class SecondFactor(Base):
    """A person's authenticator app or phone, in use once it is confirmed; secrets and numbers are sealed.

    `last_step` is the time step of the last code of the app that was taken, `code_id` leads to the last code sent to
    the phone. `pending` or `pending_phone` is being set up, until a moment and with so many wrong codes so far.
    """

    __tablename__ = "second_factors"
    __table_args__ = distributed_by("user_id")

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    secret: Mapped[bytes | None]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]
    phone: Mapped[bytes | None]
    code_id: Mapped[UUID | None]
    code_until: Mapped[datetime | None]
    pending: Mapped[bytes | None]
    pending_phone: Mapped[bytes | None]
    pending_until: Mapped[datetime | None]
    pending_failures: Mapped[int]


class SecondFactorFailures(Base):
    """Wrong codes of a person in a row, from networks the person is known at and from all others."""

    __tablename__ = "second_factor_failures"
    __table_args__ = distributed_by("user_id")

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    is_known_network: Mapped[bool] = mapped_column(primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code for when the app is lost; the digest is made with a key outside of the database."""

    __tablename__ = "recovery_codes"
    __table_args__ = distributed_by("user_id")

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class LogInChallenge(Base):
    """A log-in whose first step was right; the session it becomes is that of the device it came from.

    `first_step` is PASSWORD or PROVIDER.
    """

    __tablename__ = "log_in_challenges"
    __table_args__ = (Index(None, "expires_at"), distributed_by("user_id"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    first_step: Mapped[str]
    device_name: Mapped[str]
    platform: Mapped[str]
    app_version: Mapped[str | None]
    failures: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
