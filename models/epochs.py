"""How often the caches became worthless."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, reference


class Epoch(Base):
    """The number in every cache key of one store, and the `run_id` of the server it was raised for."""

    __tablename__ = "epochs"
    __table_args__ = reference()

    name: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger)
    raised_at: Mapped[datetime]
