"""Handles: how they are written, which ones nobody may take, and who holds one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core import clock, errors
from core.db import Read, Write
from core.errors import Conflict, Invalid
from models.profiles import Handle

MAX_LENGTH: Final = 30
SUGGESTIONS: Final = 3

_FORM: Final = re.compile(r"[a-z0-9]+(?:[._][a-z0-9]+)*")
# Words of addresses and of the house, which a person could pass for.
_RESERVED: Final = frozenset(Path(__file__).with_name("reserved_handles.txt").read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a handle can be taken: `problem` is the code of what speaks against it, None if nothing does."""

    handle: str
    problem: str | None = None
    suggestions: tuple[str, ...] = ()


def key_of(handle: str) -> str:
    """The form in which handles are compared: without `@` and case."""
    return handle.removeprefix("@").lower()


def check(handle: str, path: errors.Path) -> None:
    """Refuse a handle that is badly formed, or that nobody may take."""
    key = handle.lower()
    if len(key) > MAX_LENGTH:
        message = f"A handle has at most {MAX_LENGTH} characters."
        raise Invalid("TOO_LONG", message, path, constraint="maxLength", limit=MAX_LENGTH)
    if not handle.isascii() or not _FORM.fullmatch(key):
        message = "A handle has letters, digits, and single dots or underscores between them."
        raise Invalid("BAD_FORMAT", message, path)
    if key in _RESERVED:
        raise Invalid("INVALID", "This handle is kept for the service.", path)


async def find(db: Read, handle: str) -> UUID | None:
    """Who holds the handle, in any case; None for what cannot be one, without asking the database."""
    key = key_of(handle)
    if not handle.isascii() or not _FORM.fullmatch(key):
        return None
    holder: UUID | None = await db.scalar(select(Handle.user_id).where(Handle.handle == key))
    return holder


async def availability(db: Read, handle: str) -> Availability:
    """What `check` and `claim` would say of a handle now; one that is taken comes with free ones close to it."""
    try:
        check(handle, ())
    except Invalid as refused:
        return Availability(handle, refused.code)
    if await find(db, handle) is None:
        return Availability(handle)
    return Availability(handle, "TAKEN", tuple(await suggestions(db, handle)))


async def claim(tx: Write, handle: str, user_id: UUID, path: errors.Path) -> None:
    """Take a handle for a person; `Conflict` with free ones close to it if somebody has it already."""
    row = {"handle": key_of(handle), "user_id": user_id, "claimed_at": clock.now()}
    claimed = await tx.scalar(insert(Handle).values(row).on_conflict_do_nothing().returning(Handle.handle))
    if claimed is None:
        raise Conflict("TAKEN", "Somebody has this handle already.", path, await suggestions(tx, handle))


async def suggestions(db: Read, handle: str) -> list[str]:
    """Up to three free handles close to one that is taken."""
    close = list(_close_to(handle))
    taken = set(await db.scalars(select(Handle.handle).where(Handle.handle.in_([key_of(each) for each in close]))))
    return [each for each in close if key_of(each) not in taken][:SUGGESTIONS]


def _close_to(handle: str) -> Iterable[str]:
    year = clock.now().year
    endings = (".photos", str(year), ".pics", "_1", f".{year % 100}", "_photo", *map(str, range(1, 100, 7)))
    for ending in endings:
        yield handle[: MAX_LENGTH - len(ending)].rstrip("._") + ending
