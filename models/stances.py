"""How people chose to deal with each other, stored once for each direction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by


def _lists(owner: str, *moments: str) -> tuple[Index, ...]:
    """An index for each list of people, the last added first."""
    return tuple(Index(f"stances_{each}", owner, each, postgresql_where=f"{each} is not null") for each in moments)


class Stance(Base):
    """What a person chose for another one, since when; who chose nothing has no row.

    `blocked_via` is the person whose block this one follows from, as another account of the same human being; `mutes`
    are each a `MuteTarget`, and `muted_at` is null while there are none.
    """

    __tablename__ = "stances"
    __table_args__ = (
        *_lists("owner_id", "blocked_at", "restricted_at", "close_friend_since", "muted_at"),
        distributed_by("owner_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    blocked_at: Mapped[datetime | None]
    blocked_via: Mapped[UUID | None]
    restricted_at: Mapped[datetime | None]
    close_friend_since: Mapped[datetime | None]
    muted_at: Mapped[datetime | None]
    mutes: Mapped[list[str]] = mapped_column(ARRAY(Text))


class ReceivedStance(Base):
    """What others chose for a person, as far as it goes by the person: the mirror of `Stance`, in one transaction."""

    __tablename__ = "received_stances"
    __table_args__ = (
        Index("received_stances_blocked_at", "person_id", "blocked_at", postgresql_where="blocked_at is not null"),
        distributed_by("person_id"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    blocked_at: Mapped[datetime | None]
    restricted_at: Mapped[datetime | None]
    close_friend_since: Mapped[datetime | None]
