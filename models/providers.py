"""Log-in with outside providers: what is linked to whom, and attempts on their way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class LinkedIdentity(Base):
    """An account at a provider that its owner logs in with here; one of each provider at most."""

    __tablename__ = "linked_identities"
    __table_args__ = (Index(None, "user_id", "provider", unique=True), distributed_by("user_id"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider: Mapped[str]
    account_name: Mapped[str]
    subject_digest: Mapped[bytes]
    linked_at: Mapped[datetime]


class ProviderSubject(Base):
    """Who holds an account at a provider; the key is the SHA-256 of issuer and subject."""

    __tablename__ = "provider_subjects"
    __table_args__ = distributed_by("digest", group="provider_subjects")

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    identity_id: Mapped[UUID]


class ProviderLogIn(Base):
    """One attempt to log in at a provider; the key is the SHA-256 of its `state`.

    `secrets` and `identity` are sealed. `user_id` and `session_id` are those of who began it signed in. It is used when
    its code goes to the provider, completed when it has done its work, and spent when it has proved an identity.
    """

    __tablename__ = "provider_log_ins"
    __table_args__ = (Index(None, "expires_at"), distributed_by("digest", group="provider_log_ins"))

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    provider: Mapped[str]
    redirect_uri: Mapped[str]
    secrets: Mapped[bytes]
    user_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    begun_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    code_digest: Mapped[bytes | None]
    used_at: Mapped[datetime | None]
    identity: Mapped[bytes | None]
    completed_at: Mapped[datetime | None]
    proves: Mapped[UUID | None]
    spent_at: Mapped[datetime | None]
