"""People whom others may want to follow, and what keeps the lists of them fresh."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Float, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, distributed_by, reference


class Suggestion(Base):
    """Somebody (`person_id`) whom a person may want to follow; a higher score stands earlier.

    `kinds` are reasons, the strongest first; `known` are a few of those the person follows who follow that somebody.
    """

    __tablename__ = "suggestions"
    __table_args__ = (Index(None, "person_id"), distributed_by("user_id"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    score: Mapped[float] = mapped_column(Float(53))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    known: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class SuggestionTurn(Base):
    """When a person's suggestions are made again; who has not asked for long has no `due_at`."""

    __tablename__ = "suggestion_turns"
    __table_args__ = (
        Index("suggestion_turns_due_at", "due_at", postgresql_where="due_at is not null"),
        distributed_by("user_id"),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]


class DismissedSuggestion(Base):
    """Somebody whom a person does not want to be suggested."""

    __tablename__ = "dismissed_suggestions"
    __table_args__ = (Index(None, "person_id"), distributed_by("user_id"))

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    dismissed_at: Mapped[datetime]


class PopularPerson(Base):
    """One of those who gained the most followers lately; `score` is what this alone is worth in a suggestion."""

    __tablename__ = "popular_people"
    __table_args__ = reference()

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    score: Mapped[float] = mapped_column(Float(53))
