"""How one signing key follows another: NEXT is known to everybody before it signs, RETIRED as long as it has signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from core import clock
from core.db import Read, Write
from core.settings import settings
from models.auth import SigningKey
from services.auth import keys

PUBLISHED_FOR: Final = timedelta(minutes=10)
"""How long NEXT waits: our processes read the keys once a minute, other programs keep the published set for five."""

_SPARE: Final = timedelta(minutes=10)
_SINCE: Final = func.coalesce(SigningKey.changed_at, SigningKey.created_at)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as an operator sees it."""

    kid: str
    state: str
    since: datetime


async def listed(db: Read) -> Sequence[KeyRow]:
    """All keys, the newest first."""
    rows = await db.all(
        select(SigningKey.kid, SigningKey.state, _SINCE.label("since")).order_by(SigningKey.created_at.desc())
    )
    return [KeyRow(row.kid, row.state, row.since) for row in rows]


async def begin(tx: Write) -> KeyRow:
    """Make the key that signs in ten minutes; the one that waits already, if there is one; at once, if none signs."""
    await keys.lock(tx)
    waiting = await _newest(tx, "NEXT")
    if waiting is not None:
        return waiting
    state: keys.Beginning = "NEXT" if await _newest(tx, "ACTIVE") else "ACTIVE"
    return KeyRow(await keys.make(tx, state), state, clock.now())


async def replace_all(tx: Write) -> KeyRow:
    """Have a fresh key sign at once, and believe in nothing that any other has signed: for a key that got out."""
    await keys.lock(tx)
    await tx.execute(delete(SigningKey))
    return KeyRow(await keys.make(tx, "ACTIVE"), "ACTIVE", clock.now())


async def go_on(tx: Write) -> None:
    """Let NEXT sign once everybody knows it, and forget keys when no token of theirs can be alive."""
    await keys.lock(tx)
    now = clock.now()
    waiting = await _newest(tx, "NEXT")
    if waiting is not None and waiting.since <= now - PUBLISHED_FOR:
        await _activate(tx, waiting.kid)
    signed_until = now - timedelta(seconds=settings().access_token_seconds) - _SPARE
    await tx.execute(delete(SigningKey).where(SigningKey.state == "RETIRED", signed_until >= _SINCE))


async def _activate(tx: Write, kid: str) -> None:
    """The key takes over, unless the installation's secret has changed since it was made: then it goes."""
    chosen = SigningKey.kid == kid
    sealed = await tx.scalar(select(SigningKey.private_key).where(chosen))
    if keys.opened(kid, sealed) is None:
        await tx.execute(delete(SigningKey).where(chosen))
        return
    await keys.retire(tx)
    await tx.execute(update(SigningKey).where(chosen).values(state="ACTIVE", changed_at=clock.now()))


async def _newest(db: Read, state: str) -> KeyRow | None:
    return next((key for key in await listed(db) if key.state == state), None)
