"""When somebody's suggestions are made: soon after they first ask or follow somebody, and each day while they ask."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, select, text, update

from core import clock
from core.db import Read, Write
from core.events import SuggestionsDue
from models.suggestions import Suggestion, SuggestionTurn
from services import outbox

AGAIN: Final = timedelta(days=1)
SETTLING: Final = timedelta(seconds=30)
"""Who follows somebody often follows a few more at once: one making does for all of them."""
NOTED: Final = timedelta(days=1)
ASLEEP: Final = timedelta(days=14)


async def noted(db: Read, user_ids: Sequence[UUID]) -> set[UUID]:
    """Those of whom it is written down that they asked within a day."""
    asked = select(SuggestionTurn.user_id).where(SuggestionTurn.user_id.in_(user_ids))
    return set(await db.scalars(asked.where(SuggestionTurn.asked_at > clock.now() - NOTED)))


async def note(tx: Write, user_id: UUID) -> None:
    """Write down that a person asks; who never did, or not for 14 days, is due at once."""
    now = clock.now()
    await tx.execute(_NOTE, {"user": user_id, "now": now, "before": now - NOTED})


async def hasten(tx: Write, user_id: UUID) -> None:
    """Let the suggestions of a person be made soon, if there are any."""
    soon = clock.now() + SETTLING
    due = update(SuggestionTurn).where(SuggestionTurn.user_id == user_id, SuggestionTurn.due_at > soon)
    await tx.execute(due.values(due_at=soon))


async def hand_out(tx: Write, limit: int) -> int:
    """Say of at most `limit` people that their suggestions are due; returns how many were looked at.

    Who has not asked for 14 days is let go instead, with all that was kept for them.
    """
    now = clock.now()
    given = {"now": now, "awake": now - ASLEEP, "again": now + AGAIN, "limit": limit}
    rows = await tx.all(_HAND_OUT, given)
    for row in rows:
        if row.due_at is not None:
            outbox.emit(tx, SuggestionsDue(user_id=row.user_id))
    asleep = [row.user_id for row in rows if row.due_at is None]
    if asleep:
        await tx.execute(delete(Suggestion).where(Suggestion.user_id.in_(asleep)))
    return len(rows)


_NOTE = text(
    """
    insert into suggestion_turns (user_id, asked_at, due_at) values (:user, :now, :now)
    on conflict (user_id) do update
    set asked_at = excluded.asked_at, due_at = coalesce(suggestion_turns.due_at, excluded.due_at)
    where suggestion_turns.asked_at < :before
    """
).bindparams(bindparam("user", type_=Uuid))

_HAND_OUT = text(
    """
    update suggestion_turns set
        due_at = case when asked_at > :awake then cast(:again as timestamptz) end,
        made_at = case when asked_at > :awake then made_at end
    where user_id in (select user_id from suggestion_turns where due_at <= :now order by due_at limit :limit)
    and due_at <= :now
    returning user_id, due_at
    """
)
