"""Work that comes back: one lock row per kind, shared by all workers."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, local


class Periodic(Base):
    """Due at `next_at`; a worker that took it holds it until `lease_until`. The row `worker` is their sign of life."""

    __tablename__ = "periodic"
    __table_args__ = local()

    name: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
