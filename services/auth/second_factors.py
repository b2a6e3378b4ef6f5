"""The second factor of a person: whether there is one, and judging the codes that are given for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock, phones, totp
from core.db import Read, Write
from core.errors import BadCredentials, Path, RateLimited, Refusal
from core.events import RecoveryCodeUsed, SecondFactorDisabled
from core.sealing import BrokenSeal, seal, unseal
from core.viewer import Viewer
from models.second_factors import SecondFactor, SecondFactorFailures
from services import outbox
from services.auth import known_networks, recovery_codes, text_codes

TRIES: Final = 5
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
FORGOTTEN_AFTER: Final = timedelta(days=1)

_PURPOSE: Final = "second factors"

Kind = Literal["TOTP", "SMS", "RECOVERY_CODE"]


@dataclass(frozen=True, slots=True)
class Code:
    """A second factor as somebody gives it, and where in the input."""

    kind: Kind
    text: str
    path: Path


@dataclass(frozen=True, slots=True)
class SecondFactorRow:
    """What the owner of an account is told of its second factor."""

    is_enabled: bool
    phone_number: str | None
    remaining_recovery_codes: int


async def methods(db: Read, user_id: UUID) -> list[Kind]:
    """What a log-in can be completed with; nothing if the password is enough."""
    own = SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    is_phone = await db.scalar(select(SecondFactor.phone.is_not(None)).where(*own))
    if is_phone is None:
        return []
    first: Kind = "SMS" if is_phone else "TOTP"
    return [first, "RECOVERY_CODE"] if await recovery_codes.remaining(db, [user_id]) else [first]


async def own_rows(db: Read, viewer: Viewer, user_ids: Iterable[UUID]) -> Mapping[UUID, SecondFactorRow]:
    """The viewer's own second factor, if it is asked for; nobody sees another's."""
    if viewer.id is None or viewer.id not in user_ids:
        return {}
    own = SecondFactor.user_id == viewer.id, SecondFactor.confirmed_at.is_not(None)
    row = await db.first(select(SecondFactor.phone).where(*own))
    number = phones.masked(opened(viewer.id, row.phone)) if row and row.phone else None
    left = await recovery_codes.remaining(db, [viewer.id])
    return {viewer.id: SecondFactorRow(row is not None, number, left.get(viewer.id, 0))}


async def judge(tx: Write, user_id: UUID, code: Code, address: str) -> Refusal | None:
    """Use a code up; if it is not good, the refusal to raise when the caller has committed what was counted.

    Nobody guesses codes of the app or those sent to the phone: after five wrong ones in a row a pause begins, at first
    of a minute, in the end of an hour. Networks at which the person is known have a count of their own, and recovery
    codes, which cannot be guessed, have none: the pause keeps out who knows the password alone, and not the person.
    """
    if code.kind == "RECOVERY_CODE":
        return await _judge_recovery_code(tx, user_id, code)
    # The lock lets one of several at once through.
    table = SecondFactor
    columns = select(table.secret, table.last_step, table.phone, table.code_id, table.code_until)
    own = SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    row = await tx.first(columns.where(*own).with_for_update())
    if row is None or (row.phone is not None) != (code.kind == "SMS"):
        return wrong(code.path)
    is_known = await known_networks.is_known(tx, user_id, address)
    failures = await _failures(tx, user_id, is_known=is_known)
    if failures.paused_until is not None:
        return RateLimited(failures.paused_until)
    used = _used(user_id, row, code.text)
    if used is None:
        return wrong(code.path, await _count(tx, user_id, failures, is_known=is_known))
    await tx.execute(update(SecondFactor).where(*own).values(used))
    await _forget_failures(tx, user_id, SecondFactorFailures.is_known_network == is_known)
    return None


def _used(user_id: UUID, row: Row[Any], text: str) -> dict[str, Any] | None:
    """What a right code leaves in the row, so that it is good once; None for a wrong one.

    What is sealed is sealed anew, so that it outlives a change of the installation's secret.
    """
    if row.phone is not None:
        is_right = text_codes.is_sent(user_id, row.code_id, row.code_until, text)
        return {"code_id": None, "phone": sealed(user_id, opened(user_id, row.phone))} if is_right else None
    secret = opened(user_id, row.secret)
    step = totp.step_of(secret, text, row.last_step)
    return None if step is None else {"last_step": step, "secret": sealed(user_id, secret)}


async def disable(tx: Write, viewer: Viewer, code: Code) -> Refusal | None:
    """Turn two-factor log-in off with a last code; a refusal is to be raised after the commit."""
    refusal = await judge(tx, viewer.user_id, code, viewer.address)
    if refusal is None:
        await forget(tx, viewer.user_id)
        outbox.emit(tx, SecondFactorDisabled(user_id=viewer.user_id))
    return refusal


async def forget(tx: Write, user_id: UUID) -> None:
    """Leave nothing of a person's second factor."""
    await tx.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    await _forget_failures(tx, user_id)
    await recovery_codes.forget(tx, user_id)


async def forget_younger(tx: Write, user_id: UUID, since: datetime) -> None:
    """Leave nothing of a second factor that was set up since a moment; an older one stays, codes on paper included."""
    own = SecondFactor.user_id == user_id, SecondFactor.confirmed_at >= since
    if await tx.scalar(select(SecondFactor.user_id).where(*own)) is not None:
        await forget(tx, user_id)
        outbox.emit(tx, SecondFactorDisabled(user_id=user_id))


def wrong(path: Path, remaining_attempts: int | None = None) -> BadCredentials:
    """The refusal of a code that is wrong, was used, or belongs to nothing."""
    return BadCredentials("The code is wrong, or was used before.", path, remaining_attempts=remaining_attempts)


def sealed(user_id: UUID, secret: str) -> bytes:
    """A secret as it is stored."""
    return seal(_PURPOSE, user_id.bytes, secret.encode())


def opened(user_id: UUID, stored: bytes) -> str:
    """A stored secret; one that the installation's own secret does not open any more is as good as a fresh one."""
    try:
        return unseal(_PURPOSE, user_id.bytes, stored).decode()
    except BrokenSeal:
        return totp.new_secret()


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int = 0
    failed_at: datetime | None = None

    @property
    def paused_until(self) -> datetime | None:
        """When the pause ends, if one runs."""
        if self.failed_at is None or not self.count or self.count % TRIES:
            return None
        ends = self.failed_at + PAUSES[min(self.count // TRIES, len(PAUSES)) - 1]
        return ends if clock.now() < ends else None


async def _failures(tx: Write, user_id: UUID, *, is_known: bool) -> _Failures:
    """Wrong codes in a row; those of more than a day ago are forgotten."""
    table = SecondFactorFailures
    own = table.user_id == user_id, table.is_known_network == is_known
    recent = table.failed_at > clock.now() - FORGOTTEN_AFTER
    row = await tx.first(select(table.failures, table.failed_at).where(*own, recent))
    return _Failures(*tuple(row)) if row else _Failures()


async def _count(tx: Write, user_id: UUID, failures: _Failures, *, is_known: bool) -> int:
    """Count a wrong code; how many more may come before the pause."""
    table = SecondFactorFailures
    values = {"failures": failures.count + 1, "failed_at": clock.now()}
    statement = insert(table).values(user_id=user_id, is_known_network=is_known, **values)
    key = [table.user_id, table.is_known_network]
    await tx.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
    return -(failures.count + 1) % TRIES


async def _forget_failures(tx: Write, user_id: UUID, *which: ColumnElement[bool]) -> None:
    await tx.execute(delete(SecondFactorFailures).where(SecondFactorFailures.user_id == user_id, *which))


async def _judge_recovery_code(tx: Write, user_id: UUID, code: Code) -> Refusal | None:
    if not await recovery_codes.use(tx, user_id, code.text):
        return wrong(code.path)
    outbox.emit(tx, RecoveryCodeUsed(user_id=user_id))
    return None
