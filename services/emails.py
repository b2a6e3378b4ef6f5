"""Email addresses: how they are written, and who holds one."""

from typing import Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Write
from core.errors import Conflict, Invalid, Path
from models.accounts import Email

MAX_LENGTH: Final = 254


def check(email: str, path: Path) -> str:
    """The address in its normal form; refused if it cannot be one. Nobody is asked whether mail arrives there."""
    try:
        return validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError:
        raise Invalid("BAD_FORMAT", "This is not an email address.", path) from None


def key_of(text: str) -> str | None:
    """The form in which addresses are compared; None for what is not an address."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


async def claim(tx: Write, email: str, user_id: UUID, path: Path) -> None:
    """Take an address in its normal form for a person; `Conflict` if somebody has it already."""
    row = {"email": email.lower(), "user_id": user_id, "claimed_at": clock.now()}
    claimed = await tx.scalar(insert(Email).values(row).on_conflict_do_nothing().returning(Email.email))
    if claimed is None:
        raise Conflict("TAKEN", "There is an account with this email address already.", path)
