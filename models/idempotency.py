"""Results of writes, kept for a day so that a repeat gets the first answer."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class IdempotencyKey(Base):
    """One key of one person (or of one signed-out operation); `result` holds ids, never content or tokens."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"), distributed_by("scope", group="idempotency"))

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str]
    input_hash: Mapped[bytes]
    result: Mapped[dict[str, Any] | None]
    repeats: Mapped[int]
    created_at: Mapped[datetime]
