"""What moderators and administrators did."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, local


class AuditEntry(Base):
    """One act; entries are added and read, never changed or deleted. `subject` is a global id."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "actor_id", "id"), Index(None, "subject", "id"), local())

    id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID]
    action: Mapped[str]
    subject: Mapped[str | None]
    reason: Mapped[str | None]
    changes: Mapped[list[Any]]
    address: Mapped[str]
    created_at: Mapped[datetime]
