"""Facts that happened, waiting for the relay."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, local


class OutboxEntry(Base):
    """One event, written in the transaction it tells of; `request_id` and `traceparent` lead back to the call."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_open", "id", postgresql_where="relayed_at is null"),
        Index("outbox_relayed_at", "relayed_at", postgresql_where="relayed_at is not null"),
        local(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[str]
    payload: Mapped[dict[str, Any]]
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    created_at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]
