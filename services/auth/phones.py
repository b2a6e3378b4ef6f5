"""Text messages as a second factor: a phone is set up and confirmed, and codes are sent to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock, phones
from core.backends import Backends
from core.buckets import Claim
from core.db import Read, Write
from core.errors import BadCredentials, Conflict, Invalid, Path, Refusal
from core.events import SecondFactorEnabled, SmsCodeIssued
from core.ids import new_uuid
from core.sealing import mac
from core.settings import settings
from core.viewer import Viewer
from models.second_factors import SecondFactor
from services import kinship, outbox
from services.auth import challenges, known_networks, recovery_codes, second_factors, text_codes
from services.auth.second_factors import TRIES

CODE_FOR: Final = timedelta(minutes=10)
PER_HOUR: Final = 5
PER_DAY: Final = 10

_PURPOSE: Final = "phone numbers"
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Sent:
    """A code on its way: to which number, with most digits hidden, and until when it works."""

    masked: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A text message that still makes sense to send."""

    to: str
    text: str


def checked(number: str, path: Path) -> str:
    """The number as it is stored; refused unless it is a mobile phone and this installation sends text messages."""
    if not settings().sends_sms:
        raise Invalid("INVALID", "Text messages are not sent here. Use an authenticator app.", path)
    read = phones.read(number)
    if read is None:
        raise Invalid("BAD_FORMAT", "This is no number of a mobile phone with its country.", path)
    return read


async def require_budget(backends: Backends, user_id: UUID, number: str, address: str) -> None:
    """Raise `RateLimited` beyond five messages an hour or ten a day for a person, and twice as many to a number.

    Networks the person is known at have a budget of their own: who knows the password alone does not use it up.
    """
    factor = backends.settings.rate_limit_factor
    if not factor:
        return
    async with backends.db.reading(fresh=True) as db:
        lane = "known" if await known_networks.is_known(db, user_id, address) else "elsewhere"
    for subject, times in ((f"sms:{user_id}:{lane}", 1), (f"sms:{mac(_PURPOSE, number.encode()).hex()}", 2)):
        limits = ((PER_HOUR, _HOUR), (PER_DAY, _DAY))
        claims = [Claim(f"{subject}/code:{window}", times * limit * factor, window) for limit, window in limits]
        await backends.buckets.require(claims)


async def begin(tx: Write, viewer: Viewer, number: str) -> Sent:
    """Begin to set a phone up, in place of an attempt before, and send it a code; refused while a factor is in use."""
    table, user_id = SecondFactor, viewer.user_id
    sent, code = _new_code(number)
    attempt = {
        "pending": None,
        "pending_phone": second_factors.sealed(user_id, number),
        "pending_until": sent.expires_at,
        "pending_failures": 0,
    }
    statement = insert(table).values(user_id=user_id, **attempt, **code)
    begun = statement.on_conflict_do_update(
        index_elements=[table.user_id], set_=attempt | code, where=table.confirmed_at.is_(None)
    )
    if await tx.scalar(begun.returning(table.user_id)) is None:
        raise Conflict("CONFLICT", "Two-factor log-in is on already. Turn it off first.")
    outbox.emit(tx, SmsCodeIssued(user_id=user_id, code_id=code["code_id"]))
    return sent


async def confirm(tx: Write, viewer: Viewer, text: str, path: Path) -> list[str] | Refusal:
    """Turn two-factor log-in on with the code that was sent; ten recovery codes, or a refusal.

    The refusal is to be raised after the commit. Five wrong codes end the attempt.
    """
    user_id, now, table = viewer.user_id, clock.now(), SecondFactor
    columns = select(table.pending_phone, table.pending_failures, table.code_id, table.code_until)
    is_open = table.pending_phone.is_not(None), table.pending_until > now, table.pending_failures < TRIES
    row = await tx.first(columns.where(table.user_id == user_id, *is_open).with_for_update())
    if row is None:
        return BadCredentials("There is no such attempt, or it is over. Begin again.", path, code="CODE_EXPIRED")
    own = update(table).where(table.user_id == user_id)
    if not text_codes.is_sent(user_id, row.code_id, row.code_until, text):
        await tx.execute(own.values(pending_failures=row.pending_failures + 1))
        return second_factors.wrong(path, TRIES - row.pending_failures - 1)
    done: dict[str, Any] = {"pending_phone": None, "pending_until": None, "pending_failures": 0, "code_id": None}
    await tx.execute(own.values(phone=row.pending_phone, confirmed_at=now, **done))
    await kinship.mark(tx, user_id, "phone", second_factors.opened(user_id, row.pending_phone))
    outbox.emit(tx, SecondFactorEnabled(user_id=user_id))
    return await recovery_codes.renew(tx, user_id)


async def recipient(tx: Write, viewer: Viewer, token: str | None) -> tuple[UUID, str]:
    """Who is sent a code, and to which number: whose log-in waits with this token, or else the viewer.

    Refused where nobody is signed in or logging in, or the second factor is another one.
    """
    user_id = await challenges.person_of(tx, token) if token else viewer.id
    own = select(SecondFactor.phone).where(SecondFactor.user_id == user_id)
    stored = await tx.scalar(own) if user_id is not None else None
    if user_id is None or stored is None:
        raise Invalid("INVALID", "There is no phone to send a code to.", ())
    return user_id, second_factors.opened(user_id, stored)


async def issue(tx: Write, user_id: UUID, number: str) -> Sent:
    """Send a fresh code to the phone in use; the one before stops working."""
    sent, code = _new_code(number)
    own = update(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.phone.is_not(None))
    await tx.execute(own.values(**code))
    outbox.emit(tx, SmsCodeIssued(user_id=user_id, code_id=code["code_id"]))
    return sent


async def message(db: Read, user_id: UUID, code_id: UUID) -> Message | None:
    """The message with a code; None if the code works no more by now."""
    table = SecondFactor
    latest = table.user_id == user_id, table.code_id == code_id, table.code_until > clock.now()
    row = await db.first(select(table.phone, table.pending_phone).where(*latest))
    stored = row and (row.pending_phone or row.phone)
    if stored is None:
        return None
    text = text_codes.message(settings(), text_codes.digits(user_id, code_id))
    return Message(second_factors.opened(user_id, stored), text)


def _new_code(number: str) -> tuple[Sent, dict[str, Any]]:
    """A code, and the columns it is kept in."""
    until = clock.now() + CODE_FOR
    return Sent(phones.masked(number), until), {"code_id": new_uuid(), "code_until": until}
