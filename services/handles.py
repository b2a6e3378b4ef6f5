"""Handles: how they are written, which ones nobody may take, who holds one, and how one gives way to another."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock, errors
from core.db import Read, Write
from core.errors import Conflict, Invalid
from core.events import HandleChanged
from core.viewer import Viewer
from models.profiles import Handle, User
from services import likeness, outbox

MAX_LENGTH: Final = 30
SUGGESTIONS: Final = 3
HELD_FOR: Final = timedelta(days=30)
"""How long a handle that its person left leads to them, and is kept for them."""

_FORM: Final = re.compile(r"[a-z0-9]+(?:[._][a-z0-9]+)*")
# Words of addresses and of the house, which a person could pass for.
_RESERVED: Final = frozenset(Path(__file__).with_name("reserved_handles.txt").read_text(encoding="utf-8").split())
# Shorter words look like too many names.
_ALIKE_FROM: Final = 4
_RESERVED_LOOKS: Final = frozenset(likeness.skeleton(word) for word in _RESERVED if len(word) >= _ALIKE_FROM)


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
    """Refuse a handle that is badly formed, or that looks like a word which is kept for the service."""
    key = handle.lower()
    if len(key) > MAX_LENGTH:
        message = f"A handle has at most {MAX_LENGTH} characters."
        raise Invalid("TOO_LONG", message, path, constraint="maxLength", limit=MAX_LENGTH)
    if not handle.isascii() or not _FORM.fullmatch(key):
        message = "A handle has letters, digits, and single dots or underscores between them."
        raise Invalid("BAD_FORMAT", message, path)
    if key in _RESERVED or likeness.skeleton(key) in _RESERVED_LOOKS:
        raise Invalid("INVALID", "This handle is kept for the service.", path)


async def find(db: Read, handle: str) -> UUID | None:
    """Who holds the handle, or left it less than 30 days ago; None for what cannot be one, without asking."""
    key = key_of(handle)
    if not handle.isascii() or not _FORM.fullmatch(key):
        return None
    holder: UUID | None = await db.scalar(select(Handle.user_id).where(Handle.handle == key, is_held()))
    return holder


def is_held() -> ColumnElement[bool]:
    """Whether a row of `handles` still leads to its person."""
    return or_(Handle.released_at.is_(None), Handle.released_at > _free_since())


async def availability(db: Read, viewer: Viewer, handle: str) -> Availability:
    """What `check` and `claim` would say of a handle now; one that is taken comes with free ones close to it."""
    try:
        check(handle, ())
    except Invalid as refused:
        return Availability(handle, refused.code)
    holder = await find(db, handle)
    if holder is not None and holder == viewer.id:
        return Availability(handle)
    if holder is None and not await likeness.of_others(db, [handle], viewer.id):
        return Availability(handle)
    return Availability(handle, "TAKEN", tuple(await suggestions(db, handle)))


async def claim(tx: Write, handle: str, user_id: UUID, path: errors.Path) -> None:
    """Take a handle for a person; `Conflict` with free ones close to it if somebody has it, or looks like it.

    One statement decides between two who want it at once. Whoever left it may have it back; others wait 30 days.
    """
    if await likeness.of_others(tx, [handle], user_id):
        message = "This handle looks like one of a well-known account."
        raise Conflict("TAKEN", message, path, await suggestions(tx, handle))
    row = {"handle": key_of(handle), "user_id": user_id, "claimed_at": clock.now(), "released_at": None}
    is_own = Handle.user_id == user_id
    taking = insert(Handle).values(row)
    taking = taking.on_conflict_do_update(
        index_elements=[Handle.handle],
        set_={name: taking.excluded[name] for name in ("user_id", "claimed_at", "released_at")},
        where=Handle.released_at.is_not(None) & (is_own | (Handle.released_at <= _free_since())),
    )
    if await tx.scalar(taking.returning(Handle.handle)) is None:
        raise Conflict("TAKEN", "Somebody has this handle already.", path, await suggestions(tx, handle))


async def change(tx: Write, viewer: Viewer, handle: str, path: errors.Path) -> None:
    """Give the viewer another handle, or the same in another case; the one before is held for 30 days.

    The same handle again changes nothing and tells nobody.
    """
    check(handle, path)
    own = User.id == viewer.user_id
    # unguarded: the profile is the viewer's own
    before = await tx.scalar(select(User.handle).where(own).with_for_update())
    if before == handle:
        return
    if key_of(before) != key_of(handle):
        await claim(tx, handle, viewer.user_id, path)
        await release(tx, before)
        if await likeness.unprotect(tx, viewer.user_id, before):
            await likeness.protect(tx, viewer.user_id, handle)
    await tx.execute(update(User).where(own).values(handle=handle, updated_at=clock.now()))
    outbox.emit(tx, HandleChanged(user_id=viewer.user_id))


async def release(tx: Write, handle: str) -> None:
    """Let a handle go: it leads to its person for 30 days more, and then nobody holds it."""
    await tx.execute(update(Handle).where(Handle.handle == key_of(handle)).values(released_at=clock.now()))


async def purge(tx: Write, before: datetime, limit: int) -> int:
    """Forget at most `limit` handles that were left before a moment; answers how many they were."""
    left = select(Handle.handle).where(Handle.released_at < before).limit(limit)
    keys = await tx.scalars(left)
    if keys:
        await tx.execute(delete(Handle).where(Handle.handle.in_(keys), Handle.released_at < before))
    return len(keys)


async def suggestions(db: Read, handle: str) -> list[str]:
    """Up to three handles close to one that is taken, which anybody may take."""
    close = [each for each in _close_to(handle) if _is_sound(each)]
    keys = [key_of(each) for each in close]
    taken = set(await db.scalars(select(Handle.handle).where(Handle.handle.in_(keys), is_held())))
    alike = await likeness.of_others(db, close, None)
    return [each for each in close if key_of(each) not in taken and each not in alike][:SUGGESTIONS]


def _free_since() -> datetime:
    return clock.now() - HELD_FOR


def _is_sound(handle: str) -> bool:
    try:
        check(handle, ())
    except Invalid:
        return False
    return True


def _close_to(handle: str) -> Iterable[str]:
    year = clock.now().year
    endings = (".photos", str(year), ".pics", "_1", f".{year % 100}", "_photo", *map(str, range(1, 100, 7)))
    for ending in endings:
        yield handle[: MAX_LENGTH - len(ending)].rstrip("._") + ending
