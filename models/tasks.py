"""What has to be done because of an event: one row per consequence."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, local


class Task(Base):
    """One consequence of one event. It carries the event, so that one statement claims it with all it needs.

    `next_at` is when a sweeper may take it, `position` how far a chunked task has come; whoever holds `lease_token`
    before `lease_until` is at work. A row with `dead_at` is out of tries and waits for the operator.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("outbox_id", "consequence"),
        Index("tasks_open", "consequence", "next_at", postgresql_where="done_at is null and dead_at is null"),
        Index("tasks_dead_at", "dead_at", postgresql_where="dead_at is not null"),
        Index("tasks_done_at", "done_at", postgresql_where="done_at is not null"),
        local(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    outbox_id: Mapped[UUID]
    consequence: Mapped[str]
    event: Mapped[str]
    payload: Mapped[dict[str, Any]]
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    position: Mapped[dict[str, Any] | None]
    next_at: Mapped[datetime]
    tries: Mapped[int]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
