"""The log behind the sockets: topics somebody watches, and what happened in each, in order."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class Topic(Base):
    """A stream that is logged until `watched_until`; `last_seq` is the number of its latest event."""

    __tablename__ = "topics"
    __table_args__ = (Index(None, "watched_until"), distributed_by("topic", group="topics"))

    topic: Mapped[str] = mapped_column(primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    watched_until: Mapped[datetime]


class TopicEvent(Base):
    """One event of a topic: its name and ids, never content."""

    __tablename__ = "topic_events"
    __table_args__ = (
        UniqueConstraint("topic", "outbox_id"),
        Index(None, "at"),
        distributed_by("topic", group="topics"),
    )

    topic: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    outbox_id: Mapped[UUID]
    event: Mapped[str]
    ids: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    traceparent: Mapped[str | None]
