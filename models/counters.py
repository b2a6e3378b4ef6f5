"""Numbers kept beside the things they count: a stored value plus the deltas not folded in yet."""

from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


class Counter(Base):
    """The folded value; `subject_id` is a post or the person itself, `name` as in `services/counters`."""

    __tablename__ = "counters"
    __table_args__ = distributed_by("author_id")

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class CounterDelta(Base):
    """A change written in the transaction that caused it; truth is `Counter` plus the sum of these."""

    __tablename__ = "counter_deltas"
    __table_args__ = (Index(None, "author_id", "subject_id", "name"), distributed_by("author_id"))

    author_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID]
    name: Mapped[str]
    delta: Mapped[int]
