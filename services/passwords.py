"""Passwords of accounts: changed by who knows the one before, or set anew by who reads the account's mail."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.backends import Backends
from core.db import Read, Write
from core.errors import BadCredentials
from core.events import PasswordChanged
from core.ids import SessionId
from core.passwords import require_good
from core.viewer import Viewer
from models.accounts import Account
from models.profiles import User
from services import emails, mail_codes, outbox
from services.auth import log_in, proofs, sessions
from services.mail_codes import MailCode, Purpose
from services.providers import identities

RESET_EVERY: Final = timedelta(minutes=20)
CODES: Final[tuple[Purpose, ...]] = ("RESET_PASSWORD",)
"""What a code may be for that sets a password."""

_CURRENT: Final = ("input", "currentPassword")
_NEW: Final = ("input", "newPassword")
_CODE: Final = ("input", "code")


async def request_reset(tx: Write, identifier: str) -> datetime:
    """Have a code mailed to whoever has this handle or address; returns when to ask for another one.

    For nobody the answer and the work are the same: a code of an account that does not exist, which is not mailed.
    """
    user_id = await log_in.find_holder(tx, identifier)
    # unguarded: the address is where the mail goes, and is told to nobody
    address = select(Account.email).join(User, User.id == Account.user_id)
    email = await tx.scalar(address.where(Account.user_id == user_id, User.status != "DELETED"))
    await mail_codes.send(tx, user_id, "RESET_PASSWORD", email or "")
    return clock.now() + RESET_EVERY


async def require_resettable(backends: Backends, code: MailCode, password: str) -> None:
    """Refuse a code that works no more, or a password that is easy to guess; nothing is used up."""
    async with backends.db.reading(fresh=True) as db:
        await mail_codes.require(db, code, _CODE)
        require_good(password, await _names(db, code.user_id), _NEW)


async def reset(tx: Write, code: MailCode, password_hash: str) -> list[SessionId]:
    """Set a password by a mailed code, which also proves the address; ends all sessions and returns them.

    Somebody may have signed up with an address of another, and waits for its owner: what was linked to an account
    before its address was proved leads in no more.
    """
    email = await mail_codes.use(tx, code, _CODE)
    await _set(tx, code.user_id, password_hash)
    verified_at = select(Account.email_verified_at).where(Account.user_id == code.user_id)
    if await tx.scalar(verified_at) is None:
        await identities.unlink_all(tx, code.user_id)
    await emails.confirm(tx, email, code.user_id)
    return await sessions.end_all(tx, code.user_id)


async def prove(backends: Backends, viewer: Viewer, current: str, new: str) -> str:
    """The stored hash of the current password, if the current one is right and the new one good."""
    stored = await proofs.by_password(backends, viewer, current, _CURRENT)
    async with backends.db.reading(fresh=True) as db:
        names = await _names(db, viewer.user_id)
    require_good(new, names, _NEW)
    return stored


async def change(
    tx: Write, viewer: Viewer, stored: str, password_hash: str, *, revokes_others: bool
) -> list[SessionId]:
    """Put a password in place of the one proven; returns the other sessions that ended.

    Of two changes at once one is refused, since its current password is no longer that.
    """
    if not await _set(tx, viewer.user_id, password_hash, instead_of=stored):
        raise BadCredentials("The password is wrong.", _CURRENT)
    return await sessions.revoke(tx, viewer, None) if revokes_others else []


async def _set(tx: Write, user_id: UUID, password_hash: str, *, instead_of: str | None = None) -> bool:
    """Set the password; False if it is not the one to be replaced.

    Neither a code for another one works any more, nor one for another address, which whoever knew the last one may have
    asked for.
    """
    account = update(Account).where(Account.user_id == user_id)
    if instead_of is not None:
        account = account.where(Account.password_hash == instead_of)
    values = {"password_hash": password_hash, "password_changed_at": clock.now(), "pending_email": None}
    if await tx.scalar(account.values(values).returning(Account.user_id)) is None:
        return False
    await mail_codes.burn(tx, user_id, "RESET_PASSWORD", "CHANGE_EMAIL")
    outbox.emit(tx, PasswordChanged(user_id=user_id))
    return True


async def _names(db: Read, user_id: UUID) -> tuple[str, ...]:
    """What the person's password must not be built around."""
    # unguarded: they are compared and go nowhere
    columns = select(User.handle, Account.email).join(Account, Account.user_id == User.id)
    row = await db.first(columns.where(User.id == user_id))
    return (row.handle, *emails.names_in(row.email)) if row else ()
