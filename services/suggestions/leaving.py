"""Forgetting somebody in the suggestions of others."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import any_, delete, func, literal, select, update

from core.db import Write
from models.suggestions import DismissedSuggestion, PopularPerson, Suggestion

_OF_OTHERS: Final[tuple[type[Any], ...]] = (Suggestion, DismissedSuggestion)


async def forget(tx: Write, person_id: UUID, limit: int) -> int:
    """Nobody is suggested the person any more; returns how many rows went, of each table at most `limit`."""
    count = 0
    for model in _OF_OTHERS:
        users = await tx.scalars(select(model.user_id).where(model.person_id == person_id).limit(limit))
        if users:
            await tx.execute(delete(model).where(model.user_id.in_(users), model.person_id == person_id))
        count += len(users)
    await tx.execute(delete(PopularPerson).where(PopularPerson.person_id == person_id))
    return count


async def forget_between(tx: Write, person_id: UUID, followers: Sequence[UUID]) -> None:
    """None of these followers is told any more that the person follows somebody."""
    told = Suggestion.user_id.in_(followers), literal(person_id) == any_(Suggestion.known)
    await tx.execute(update(Suggestion).where(*told).values(known=func.array_remove(Suggestion.known, person_id)))
