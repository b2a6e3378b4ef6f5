"""Who may see a person, and what they choose for all they publish."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.events import AccountUpdated, PrivacyChanged, ProfileUpdated
from core.viewer import Viewer
from models.privacy import PrivacySetting
from models.profiles import User
from services import filters, outbox

_CHOICES = (
    "hides_like_counts",
    "comment_audience",
    "mention_audience",
    "tag_audience",
    "is_discoverable",
    "filtered_words",
)


@dataclass(frozen=True, slots=True)
class PrivacyRow:
    """The settings as their owner sees them; each `…_audience` is an `Audience`."""

    user_id: UUID
    is_private: bool = False
    hides_like_counts: bool = False
    comment_audience: str = "EVERYONE"
    mention_audience: str = "EVERYONE"
    tag_audience: str = "EVERYONE"
    is_discoverable: bool = True
    filtered_words: Sequence[str] = ()


async def own_settings(db: Read, viewer: Viewer, user_ids: Iterable[UUID]) -> Mapping[UUID, PrivacyRow]:
    """The viewer's own settings, if they are among those asked for; nobody sees another's."""
    return {viewer.id: await of(db, viewer.id)} if viewer.id is not None and viewer.id in user_ids else {}


async def of(db: Read, user_id: UUID) -> PrivacyRow:
    """What a person chose; the defaults where they did not."""
    chosen = [getattr(PrivacySetting, name) for name in _CHOICES]
    # unguarded: a person's own choice, for the person
    statement = select(User.is_private, *chosen).outerjoin(PrivacySetting, PrivacySetting.user_id == User.id)
    row = await db.first(statement.where(User.id == user_id))
    if row is None:
        return PrivacyRow(user_id)
    found = {name: value for name, value in row._mapping.items() if value is not None}  # noqa: SLF001 - its public name
    return PrivacyRow(user_id, **found)


async def update_settings(tx: Write, viewer: Viewer, changes: Mapping[str, Any]) -> None:
    """Change what `changes` names, fields of `PrivacyRow`; the same again changes nothing and tells nobody.

    Those who wait to follow are let in after an account ceases to be private.
    """
    own = User.id == viewer.user_id
    is_private = changes.get("is_private")
    if is_private is not None:
        values = {"is_private": is_private, "updated_at": clock.now()}
        flipping = update(User).where(own, User.is_private.is_distinct_from(is_private)).values(values)
        if await tx.scalar(flipping.returning(User.id)) is not None:
            outbox.emit(tx, PrivacyChanged(user_id=viewer.user_id))
            outbox.emit(tx, ProfileUpdated(user_id=viewer.user_id))
    chosen = {name: changes[name] for name in _CHOICES if changes.get(name) is not None}
    if "filtered_words" in chosen:
        chosen["filtered_words"] = filters.checked(chosen["filtered_words"])
    if chosen:
        row = {"user_id": viewer.user_id, "hides_like_counts": False, "comment_audience": "EVERYONE"} | chosen
        adding = insert(PrivacySetting).values(row)
        await tx.execute(adding.on_conflict_do_update(index_elements=[PrivacySetting.user_id], set_=chosen))
        outbox.emit(tx, AccountUpdated(user_id=viewer.user_id))
