"""Email addresses of accounts: proved by a mailed code, changed, and taken back by who had them before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.db import Write
from core.errors import Path
from core.events import AccountUpdated, EmailChanged
from core.ids import SessionId, moment_of, new_uuid
from core.viewer import Viewer
from models.accounts import Account
from services import emails, mail_codes, outbox
from services.auth import proofs, second_factors, sessions
from services.mail_codes import MailCode, Purpose
from services.providers import identities

REQUEST_EVERY: Final = timedelta(minutes=1)
CODES: Final[tuple[Purpose, ...]] = ("VERIFY_EMAIL", "CHANGE_EMAIL", "RESTORE_EMAIL")
"""What a code may be for that proves an address."""

_CODE: Final = ("input", "code")
_EMAIL: Final = ("input", "email")


@dataclass(frozen=True, slots=True)
class Verified:
    """The address that is the account's now, and the sessions that ended with it."""

    email: str
    ended: list[SessionId]


async def request(tx: Write, viewer: Viewer, email: str | None) -> datetime:
    """Have a code mailed to the account's address, or to a new one; returns when to ask for another one.

    A new address needs a recent proof of identity, for passwords are set by mail. It waits until its code comes back;
    the present one, given again, calls that off. Whether somebody has the new one already is not told.
    """
    wanted = emails.check(email, _EMAIL) if email else None
    # unguarded: the viewer's own
    row = await tx.first(
        select(Account.email, Account.email_verified_at).where(Account.user_id == viewer.user_id).with_for_update()
    )
    if row is None:
        return clock.now() + REQUEST_EVERY
    is_new = wanted is not None and emails.key_of(wanted) != emails.key_of(row.email)
    if is_new:
        await proofs.require_recent_of(tx, viewer)
    if wanted is not None:
        await _let_wait(tx, viewer.user_id, wanted if is_new else None)
    if wanted is not None and is_new:
        await mail_codes.send(tx, viewer.user_id, "CHANGE_EMAIL", wanted)
    elif row.email_verified_at is None:
        await mail_codes.send(tx, viewer.user_id, "VERIFY_EMAIL", row.email)
    return clock.now() + REQUEST_EVERY


async def verify(tx: Write, code: MailCode) -> Verified:
    """Do what a mailed code is for, once: confirm the address, change to it, or take it back."""
    email = await mail_codes.use(tx, code, _CODE)
    if code.purpose == "CHANGE_EMAIL":
        await _change(tx, code.user_id, email)
    elif code.purpose == "RESTORE_EMAIL":
        return Verified(email, await _restore(tx, code.user_id, email, moment_of(code.id)))
    elif not await emails.confirm(tx, email, code.user_id):
        raise mail_codes.expired(_CODE)
    return Verified(email, [])


async def forget(tx: Write, user_id: UUID, code_id: UUID) -> None:
    """Remove an old code; with a way back that nobody took, the former address goes free for anybody."""
    gone = await mail_codes.forget(tx, user_id, code_id)
    if gone is None or gone.purpose != "RESTORE_EMAIL":
        return
    present = await _present(tx, user_id)
    if present is None or emails.key_of(present) != emails.key_of(gone.email):
        await emails.release(tx, gone.email, user_id)


async def _let_wait(tx: Write, user_id: UUID, email: str | None) -> None:
    await mail_codes.burn(tx, user_id, "CHANGE_EMAIL")
    await tx.execute(update(Account).where(Account.user_id == user_id).values(pending_email=email))
    outbox.emit(tx, AccountUpdated(user_id=user_id))


async def _change(tx: Write, user_id: UUID, email: str) -> None:
    """Take the address that waited. One that was confirmed before stays the person's for a week, to be taken back."""
    pending = Account.user_id == user_id, Account.pending_email == email
    # unguarded: whoever has the code may
    before = await tx.first(select(Account.email, Account.email_verified_at).where(*pending).with_for_update())
    if before is None:
        raise mail_codes.expired(_CODE)
    await _take(tx, user_id, email, _CODE)
    code_id = new_uuid()
    if before.email_verified_at is None:
        await emails.release(tx, before.email, user_id)
    else:
        await mail_codes.issue(tx, user_id, "RESTORE_EMAIL", before.email, id=code_id)
    outbox.emit(tx, EmailChanged(user_id=user_id, code_id=code_id))


async def _restore(tx: Write, user_id: UUID, email: str, changed_at: datetime) -> list[SessionId]:
    """Take the former address back from whoever changed it, and send everybody out of the account.

    Services that were linked lead in no more: nobody can tell those of the owner from those of whoever was there. A
    second factor that was set up since the change goes, too, or it would keep the owner out.
    """
    present = await _present(tx, user_id)
    if present is None:
        raise mail_codes.expired(_CODE)
    await _take(tx, user_id, email, _CODE)
    await mail_codes.burn(tx, user_id, "RESTORE_EMAIL")
    if emails.key_of(present) != emails.key_of(email):
        await emails.release(tx, present, user_id)
    await identities.unlink_all(tx, user_id)
    await second_factors.forget_younger(tx, user_id, changed_at)
    return await sessions.end_all(tx, user_id)


async def _take(tx: Write, user_id: UUID, email: str, path: Path) -> None:
    """Make an address the account's, proved; codes that went to others work no more, but for taking one back."""
    await emails.claim(tx, email, user_id, path)
    values = {"email": email, "email_verified_at": clock.now(), "pending_email": None}
    await tx.execute(update(Account).where(Account.user_id == user_id).values(values))
    await emails.prove(tx, email, user_id)
    await mail_codes.burn(tx, user_id, "VERIFY_EMAIL", "CHANGE_EMAIL", "RESET_PASSWORD")
    outbox.emit(tx, AccountUpdated(user_id=user_id))


async def _present(tx: Write, user_id: UUID) -> str | None:
    """The address of the account now, which nobody changes until the commit."""
    # unguarded: it is compared, and let go
    email: str | None = await tx.scalar(select(Account.email).where(Account.user_id == user_id).with_for_update())
    return email
