"""Email addresses: how they are written, and who holds one."""

import unicodedata
from typing import Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock, mailboxes
from core.db import Read, Write
from core.errors import Conflict, Invalid, Path
from core.events import AccountUpdated
from models.accounts import Account, Email
from services import kinship, outbox

MAX_LENGTH: Final = 254


def check(email: str, path: Path) -> str:
    """The address in its normal form; refused if it cannot be one. Nobody is asked whether mail arrives there."""
    try:
        return validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError:
        raise Invalid("BAD_FORMAT", "This is not an email address.", path) from None


def key_of(text: str) -> str | None:
    """The form in which addresses are compared; None for what is not an address.

    Case does not count, nor does what looks the same in another form of Unicode or in Punycode.
    """
    if len(text) > MAX_LENGTH:
        return None
    try:
        return _key(validate_email(text.strip(), check_deliverability=False).normalized)
    except EmailNotValidError:
        return None


def names_in(email: str) -> tuple[str, str]:
    """What a password must not be built around: the address and the part before the @."""
    return email, email.partition("@")[0]


async def claim(tx: Write, email: str, user_id: UUID, path: Path) -> None:
    """Take an address in its normal form for a person; `Conflict` if somebody has it already."""
    row = {"email": _key(email), "user_id": user_id, "claimed_at": clock.now()}
    # The address of a change that is taken back is the person's own still.
    again = (
        insert(Email)
        .values(row)
        .on_conflict_do_update(
            index_elements=[Email.email], set_={"claimed_at": row["claimed_at"]}, where=Email.user_id == user_id
        )
    )
    claimed = await tx.scalar(again.returning(Email.email))
    if claimed is None:
        raise Conflict("TAKEN", "There is an account with this email address already.", path)


async def release(tx: Write, email: str, user_id: UUID) -> None:
    """Let go of an address that the person holds, for anybody to take."""
    await tx.execute(delete(Email).where(Email.email == _key(email), Email.user_id == user_id))


async def is_free(db: Read, email: str, user_id: UUID) -> bool:
    """Whether the person may take an address in its normal form, as far as others go."""
    holder = await db.scalar(select(Email.user_id).where(Email.email == _key(email)))
    return holder is None or holder == user_id


async def confirm(tx: Write, email: str, user_id: UUID) -> bool:
    """Note that the person reads mail to the account's address; False if it has another address by now."""
    own = update(Account).where(Account.user_id == user_id, Account.email == email)
    confirmed = await tx.scalar(own.values(email_verified_at=clock.now()).returning(Account.user_id))
    if confirmed is not None:
        await prove(tx, email, user_id)
        outbox.emit(tx, AccountUpdated(user_id=user_id))
    return confirmed is not None


async def prove(tx: Write, email: str, user_id: UUID) -> None:
    """Note that the person reads the mailbox behind an address in its normal form."""
    await kinship.mark(tx, user_id, "mailbox", mailboxes.mailbox(_key(email)))


def _key(normal: str) -> str:
    """Of an address in its normal form; folding can undo the form, so it is put in form again."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", normal).casefold())
