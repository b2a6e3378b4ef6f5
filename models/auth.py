"""Sessions of devices and the keys that sign their tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by, reference


class Session(Base):
    """One signed-in device. `refresh_hash` is the SHA-256 of the one refresh token that still works.

    `proved_at` is when a password or second factor was last given, `place` where it is by its address,
    `fingerprint` what tells one device of a person from another.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id", "last_active_at"), distributed_by("user_id"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_name: Mapped[str]
    platform: Mapped[str]
    app_version: Mapped[str | None]
    log_in_method: Mapped[str]
    address: Mapped[str]
    refresh_hash: Mapped[bytes]
    replay: Mapped[bytes | None]
    replay_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    last_active_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    place: Mapped[str | None]
    fingerprint: Mapped[bytes | None]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SigningKey(Base):
    """An Ed25519 key. `state` is NEXT, ACTIVE or RETIRED, since `changed_at` or from its beginning.

    The private half is sealed with the installation's secret; a retired key has none any more.
    """

    __tablename__ = "signing_keys"
    __table_args__ = reference()

    kid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    private_key: Mapped[bytes]
    public_key: Mapped[bytes]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
