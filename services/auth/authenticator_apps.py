"""Authenticator apps as a second factor, confirmed by a first code; and fresh recovery codes for a later one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core import clock, totp
from core.db import Write
from core.errors import BadCredentials, Conflict, Path, Refusal
from core.events import RecoveryCodesRenewed, SecondFactorEnabled
from core.settings import settings
from core.viewer import Viewer
from models.profiles import User
from models.second_factors import SecondFactor
from services import outbox
from services.auth import recovery_codes, second_factors
from services.auth.second_factors import TRIES, Code

SETUP_FOR: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Setup:
    """An app to be: its secret, the address to show as a picture, and until when a code confirms it."""

    secret: str
    address: str
    expires_at: datetime


async def begin(tx: Write, viewer: Viewer, label: str | None) -> Setup:
    """Begin to set an app up, in place of an attempt before; refused while one is in use.

    Nothing is on before `confirm`.
    """
    table, secret, expires_at = SecondFactor, totp.new_secret(), clock.now() + SETUP_FOR
    pending = second_factors.sealed(viewer.user_id, secret)
    values = {"pending": pending, "pending_phone": None, "pending_until": expires_at, "pending_failures": 0}
    statement = insert(table).values(user_id=viewer.user_id, **values)
    is_off = table.confirmed_at.is_(None)
    begun = statement.on_conflict_do_update(index_elements=[table.user_id], set_=values, where=is_off)
    if await tx.scalar(begun.returning(table.user_id)) is None:
        raise Conflict("CONFLICT", "Two-factor log-in is on already. Turn it off first.")
    name = label or await _handle(tx, viewer)
    return Setup(secret, totp.address_of(secret, name, settings().name), expires_at)


async def confirm(tx: Write, viewer: Viewer, code: str, path: Path) -> list[str] | Refusal:
    """Turn two-factor log-in on with a first code; ten recovery codes, or a refusal to be raised after the commit.

    The code is used up. Five wrong ones end the attempt.
    """
    user_id, now, table = viewer.user_id, clock.now(), SecondFactor
    columns = select(table.pending, table.pending_failures)
    is_open = table.pending.is_not(None), table.pending_until > now, table.pending_failures < TRIES
    row = await tx.first(columns.where(table.user_id == user_id, *is_open).with_for_update())
    if row is None:
        return BadCredentials("There is no such attempt, or it is over. Begin again.", path, code="CODE_EXPIRED")
    own = update(table).where(table.user_id == user_id)
    step = totp.step_of(second_factors.opened(user_id, row.pending), code, None)
    if step is None:
        failures = row.pending_failures + 1
        await tx.execute(own.values(pending_failures=failures))
        return second_factors.wrong(path, TRIES - failures)
    done = {"pending": None, "pending_until": None, "pending_failures": 0}
    await tx.execute(own.values(secret=row.pending, confirmed_at=now, last_step=step, **done))
    outbox.emit(tx, SecondFactorEnabled(user_id=user_id))
    return await recovery_codes.renew(tx, user_id)


async def renew_recovery_codes(tx: Write, viewer: Viewer, code: Code) -> list[str] | Refusal:
    """Ten fresh recovery codes in place of the old ones, for a code; a refusal is to be raised after the commit."""
    refusal = await second_factors.judge(tx, viewer.user_id, code, viewer.address)
    if refusal is not None:
        return refusal
    outbox.emit(tx, RecoveryCodesRenewed(user_id=viewer.user_id))
    return await recovery_codes.renew(tx, viewer.user_id)


async def _handle(tx: Write, viewer: Viewer) -> str:
    # unguarded: the handle is the viewer's own
    handle: str = await tx.scalar(select(User.handle).where(User.id == viewer.user_id))
    return handle
