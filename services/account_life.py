"""Going and coming back: accounts that are put to sleep, or asked to be deleted, by their owners."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.db import Write
from core.events import AccountDeactivated, AccountDeletionCancelled, AccountDeletionRequested
from core.ids import SessionId
from core.viewer import Viewer
from models.accounts import Account
from models.profiles import User
from services import outbox
from services.auth import sessions

DELETED_AFTER: Final = timedelta(days=30)
"""How long a deletion can be called off."""


async def deactivate(tx: Write, viewer: Viewer, reason: str | None) -> list[SessionId]:
    """Hide the account until the next log-in and end its sessions, which are returned; only one in use is hidden."""
    if not await _move(tx, viewer.user_id, "ACTIVE", "DEACTIVATED"):
        return []
    await tx.execute(update(Account).where(Account.user_id == viewer.user_id).values(leaving_reason=reason))
    outbox.emit(tx, AccountDeactivated(user_id=viewer.user_id))
    return await sessions.end_all(tx, viewer.user_id)


async def request_deletion(tx: Write, viewer: Viewer, reason: str | None) -> None:
    """Hide the account now, and have it erased in 30 days; asked again, the day stays.

    Its sessions stay open, for there is nothing left that they can do but call it off.
    """
    await _lock(tx, viewer.user_id)
    own = Account.user_id == viewer.user_id, Account.deletion_scheduled_for.is_(None)
    values = {"deletion_scheduled_for": clock.now() + DELETED_AFTER, "leaving_reason": reason}
    if await tx.scalar(update(Account).where(*own).values(values).returning(Account.user_id)) is None:
        return
    await _move(tx, viewer.user_id, "ACTIVE", "DEACTIVATED")
    outbox.emit(tx, AccountDeletionRequested(user_id=viewer.user_id))


async def cancel_deletion(tx: Write, viewer: Viewer, *, reactivate: bool) -> list[SessionId]:
    """Call a deletion off; the account wakes up, or stays asleep and loses its sessions, which are returned.

    Without a deletion to call off, nothing changes; once erasing has begun it is too late.
    """
    if await _lock(tx, viewer.user_id) == "DELETED":
        return []
    own = Account.user_id == viewer.user_id, Account.deletion_scheduled_for.is_not(None)
    kept = {} if not reactivate else {"leaving_reason": None}
    cancelling = update(Account).where(*own).values(deletion_scheduled_for=None, **kept)
    if await tx.scalar(cancelling.returning(Account.user_id)) is None:
        return []
    outbox.emit(tx, AccountDeletionCancelled(user_id=viewer.user_id))
    if not reactivate:
        return await sessions.end_all(tx, viewer.user_id)
    await _move(tx, viewer.user_id, "DEACTIVATED", "ACTIVE")
    return []


async def _lock(tx: Write, user_id: UUID) -> str | None:
    """The state of the person, which nobody else changes until the transaction ends."""
    status: str | None = await tx.scalar(select(User.status).where(User.id == user_id).with_for_update())
    return status


async def _move(tx: Write, user_id: UUID, before: str, after: str) -> bool:
    own = User.id == user_id, User.status == before
    values = {"status": after, "updated_at": clock.now()}
    return await tx.scalar(update(User).where(*own).values(values).returning(User.id)) is not None
