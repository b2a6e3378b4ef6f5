"""Accounts of one human being, as far as it is proved: by the same phone, mailbox, or account elsewhere."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.db import Read, Write
from core.events import IdentityMarked
from core.sealing import macs
from models.kinship import IdentityMark
from services import outbox

MOST: Final = 20

_PURPOSE: Final = "identity marks"

Kind = Literal["phone", "mailbox", "provider"]


async def mark(tx: Write, user_id: UUID, kind: Kind, value: str) -> None:
    """Note what a person has just proved to have; once more it changes nothing. It is kept until the erasure.

    Marks of the same thing that were made with a secret before this one are made anew, for all who have them.
    """
    present, *former = macs(_PURPOSE, f"{kind}:{value}".encode("utf-8", "surrogatepass"))
    moved: Sequence[UUID] = ()
    if former:
        old = delete(IdentityMark).where(IdentityMark.mark.in_(former))
        moved = await tx.scalars(old.returning(IdentityMark.user_id))
    rows = [{"mark": present, "user_id": each} for each in sorted({user_id, *moved})]
    added = insert(IdentityMark).values(rows).on_conflict_do_nothing().returning(IdentityMark.user_id)
    if user_id in await tx.scalars(added) and user_id not in moved:
        outbox.emit(tx, IdentityMarked(user_id=user_id))


async def kin(db: Read, user_id: UUID) -> Sequence[UUID]:
    """The other accounts that have a mark in common with one, the newest first, at most 20."""
    marks: Sequence[bytes] = await db.scalars(select(IdentityMark.mark).where(IdentityMark.user_id == user_id))
    if not marks:
        return []
    others = IdentityMark.mark.in_(marks), IdentityMark.user_id != user_id
    people = select(IdentityMark.user_id).where(*others).distinct().order_by(IdentityMark.user_id.desc())
    found: Sequence[UUID] = await db.scalars(people.limit(MOST))
    return found


async def forget(tx: Write, user_id: UUID) -> None:
    """Take away the marks of a person who is erased."""
    await tx.execute(delete(IdentityMark).where(IdentityMark.user_id == user_id))
