"""Handles that look alike: what the eye makes of them, and whose nobody else's may look like."""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.db import Read, Write
from models.profiles import ProtectedHandle

# The idea of Unicode's confusables (UTS 39), for the letters that handles are made of.
_PAIRS: Final = (("rn", "m"), ("vv", "w"))
_LETTERS: Final = str.maketrans({"0": "o", "1": "l", "i": "l", ".": None, "_": None})


def skeleton(handle: str) -> str:
    """What is left of a handle for the eye; those that look alike have the same."""
    text = handle.lower()
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text.translate(_LETTERS)


async def protect(tx: Write, user_id: UUID, handle: str) -> None:
    """From now on nobody else may take a handle that looks like this one; those who have one keep it."""
    row = {"skeleton": skeleton(handle), "user_id": user_id}
    await tx.execute(insert(ProtectedHandle).values(row).on_conflict_do_nothing())


async def unprotect(tx: Write, user_id: UUID, handle: str) -> bool:
    """Let others look like this handle again; answers whether they might not."""
    own = ProtectedHandle.skeleton == skeleton(handle), ProtectedHandle.user_id == user_id
    return await tx.scalar(delete(ProtectedHandle).where(*own).returning(ProtectedHandle.user_id)) is not None


async def of_others(db: Read, handles: Iterable[str], user_id: UUID | None) -> Collection[str]:
    """Those of the handles that look like the protected one of somebody else."""
    alike = {handle: skeleton(handle) for handle in handles}
    statement = select(ProtectedHandle.skeleton).where(ProtectedHandle.skeleton.in_(sorted(set(alike.values()))))
    if user_id is not None:
        statement = statement.where(ProtectedHandle.user_id != user_id)
    protected = set(await db.scalars(statement))
    return {handle for handle, look in alike.items() if look in protected}
