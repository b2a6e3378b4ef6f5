"""Waking accounts that sleep."""

from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.db import Write
from core.events import AccountReactivated
from models.accounts import Account
from models.profiles import User
from services import outbox


async def wake(tx: Write, user_id: UUID) -> None:
    """Bring a person back whose account sleeps, as a log-in does.

    Who waits to be deleted, or was closed by moderators, stays as they are; who is awake, too.
    """
    awaits_deletion = select(Account.user_id).where(
        Account.user_id == User.id, Account.deletion_scheduled_for.is_not(None)
    )
    asleep = User.id == user_id, User.status == "DEACTIVATED", ~awaits_deletion.exists()
    values = {"status": "ACTIVE", "updated_at": clock.now()}
    woken = await tx.scalar(update(User).where(*asleep).values(values).returning(User.id))
    if woken is not None:
        await tx.execute(update(Account).where(Account.user_id == user_id).values(leaving_reason=None))
        outbox.emit(tx, AccountReactivated(user_id=user_id))
