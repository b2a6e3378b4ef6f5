"""Codes in mails: each works once and for a while, and nobody can make one up."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Self
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Row, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Read, Write
from core.errors import BadCredentials, Path
from core.events import MailCodeIssued
from core.ids import new_uuid
from core.sealing import is_mac, mac
from models import mail_codes as tables
from services import outbox

Purpose = Literal["VERIFY_EMAIL", "CHANGE_EMAIL", "RESTORE_EMAIL", "RESET_PASSWORD"]

WINDOW: Final = timedelta(hours=1)

_MAC: Final = "mail codes"
_MAC_BYTES: Final = 16
_ALL_BYTES: Final = 48


@dataclass(frozen=True, slots=True)
class Kind:
    """How the codes of a purpose begin, how long they work, and how many an account is mailed per hour."""

    prefix: str
    works_for: timedelta
    most: int


KINDS: Final[dict[Purpose, Kind]] = {
    "VERIFY_EMAIL": Kind("eml", timedelta(days=1), 6),
    "CHANGE_EMAIL": Kind("new", timedelta(days=1), 6),
    "RESTORE_EMAIL": Kind("old", timedelta(days=7), 6),
    "RESET_PASSWORD": Kind("pwd", timedelta(minutes=30), 3),
}
_PURPOSES: Final[dict[str, Purpose]] = {kind.prefix: purpose for purpose, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class MailCode:
    """A code. Its text is made of its ids and a MAC, so that a guess never reaches the database."""

    purpose: Purpose
    user_id: UUID
    id: UUID

    @classmethod
    def parse(cls, text: str, purposes: Collection[Purpose], path: Path) -> Self:
        """Read a code of one of these purposes that was made here; anything else is refused as `BadCredentials`.

        Spaces and broken lines, which mail programs add, do not matter.
        """
        prefix, _, body = "".join(text.split()).partition("_")
        purpose = _PURPOSES.get(prefix)
        try:
            raw = urlsafe_b64decode(body.encode("ascii"))
        except ValueError:
            raw = b""
        if purpose is None or purpose not in purposes or len(raw) != _ALL_BYTES:
            raise _wrong(path)
        code = cls(purpose, UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]))
        if not is_mac(_MAC, code.body, raw[32:]):
            raise _wrong(path)
        return code

    @property
    def body(self) -> bytes:
        """What the MAC is made of."""
        return KINDS[self.purpose].prefix.encode() + self.user_id.bytes + self.id.bytes

    def __str__(self) -> str:
        raw = self.user_id.bytes + self.id.bytes + mac(_MAC, self.body)[:_MAC_BYTES]
        return f"{KINDS[self.purpose].prefix}_{urlsafe_b64encode(raw).decode()}"


@dataclass(frozen=True, slots=True)
class Issued:
    """A code that still works, and the address it goes to."""

    code: MailCode
    email: str
    expires_at: datetime


async def issue(tx: Write, user_id: UUID, purpose: Purpose, email: str, *, id: UUID | None = None) -> UUID:
    """Make a code and its id, which another call with the same `id` does not make again.

    Beyond the purpose's number per hour the code is born expired, and never mailed: the statements are the same.
    """
    kind, now, code_id = KINDS[purpose], clock.now(), id or new_uuid()
    codes = tables.MailCode
    recent = select(func.count()).where(
        codes.user_id == user_id,
        codes.purpose == purpose,
        codes.created_at > now - WINDOW,
        codes.expires_at > codes.created_at,
    )
    end, at_once = (literal(moment, DateTime(timezone=True)) for moment in (now + kind.works_for, now))
    row = {
        "user_id": user_id,
        "id": code_id,
        "purpose": purpose,
        "email": email,
        "created_at": now,
        "expires_at": case((recent.scalar_subquery() < kind.most, end), else_=at_once),
    }
    await tx.execute(insert(codes).values(row).on_conflict_do_nothing())
    return code_id


async def send(tx: Write, user_id: UUID, purpose: Purpose, email: str) -> None:
    """Make a code that is mailed after the commit."""
    code_id = await issue(tx, user_id, purpose, email)
    outbox.emit(tx, MailCodeIssued(user_id=user_id, code_id=code_id))


async def find(db: Read, user_id: UUID, code_id: UUID) -> Issued | None:
    """A code that works; None if it was used, is too old, or was one too many."""
    codes = tables.MailCode
    columns = select(codes.purpose, codes.email, codes.expires_at)
    row = await db.first(columns.where(codes.user_id == user_id, codes.id == code_id, *_works()))
    return Issued(MailCode(row.purpose, user_id, code_id), row.email, row.expires_at) if row else None


async def require(db: Read, code: MailCode, path: Path) -> Issued:
    """A code that works; refused as CODE_EXPIRED otherwise."""
    found = await find(db, code.user_id, code.id)
    if found is None:
        raise expired(path)
    return found


async def use(tx: Write, code: MailCode, path: Path) -> str:
    """Use a code up, which one of several at once can; returns the address it went to. CODE_EXPIRED otherwise."""
    codes = tables.MailCode
    row = update(codes).where(codes.user_id == code.user_id, codes.id == code.id, *_works())
    email: str | None = await tx.scalar(row.values(used_at=clock.now()).returning(codes.email))
    if email is None:
        raise expired(path)
    return email


async def burn(tx: Write, user_id: UUID, *purposes: Purpose) -> None:
    """Let no code of these purposes work any more that was mailed to the person before."""
    codes = tables.MailCode
    mine = update(codes).where(codes.user_id == user_id, codes.purpose.in_(purposes), codes.used_at.is_(None))
    await tx.execute(mine.values(used_at=clock.now()))


async def find_old(db: Read, before: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Codes that stopped working before a moment: their people and ids."""
    codes = tables.MailCode
    rows = await db.all(select(codes.user_id, codes.id).where(codes.expires_at < before).limit(limit))
    return [(row.user_id, row.id) for row in rows]


async def forget(tx: Write, user_id: UUID, code_id: UUID) -> Row[Any] | None:
    """Remove a code; its `purpose` and `email` if it was there."""
    codes = tables.MailCode
    gone = delete(codes).where(codes.user_id == user_id, codes.id == code_id)
    return await tx.first(gone.returning(codes.purpose, codes.email))


def expired(path: Path) -> BadCredentials:
    """The refusal of a code that was good once."""
    return BadCredentials("The code is too old, or was used. Ask for another one.", path, code="CODE_EXPIRED")


def _wrong(path: Path) -> BadCredentials:
    return BadCredentials("The code is wrong.", path)


def _works() -> tuple[ColumnElement[bool], ...]:
    return tables.MailCode.used_at.is_(None), tables.MailCode.expires_at > clock.now()
