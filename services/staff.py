"""The powers of moderators and administrators: each use of one is judged, and written down for good."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, text, update

from core import clock
from core.backends import Backends
from core.db import Read, Write
from core.errors import ApiError, Invalid
from core.events import AccountUpdated, ProfileUpdated
from core.ids import AuditEntryId, UserId, new_uuid
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, page_of
from core.viewer import AccountRole, Viewer
from models.accounts import Account
from models.audit import AuditEntry
from models.profiles import User
from services import likeness, outbox
from services.visibility import profiles

RANKS: Final[Mapping[AccountRole, int]] = {"MEMBER": 0, "MODERATOR": 1, "ADMIN": 2}

_LOG: Final = "auditLog"
_ONE_AT_A_TIME: Final = 0x61646D696E
_LAST: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Change:
    """A value before and after an act."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a moderator or administrator does; `action` is the name of the field that does it."""

    action: str
    subject: str | None = None
    reason: str | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An act as it was written down; the address is None for who may not see it."""

    id: UUID
    actor_id: UUID
    action: str
    subject: str | None
    reason: str | None
    changes: Sequence[Mapping[str, Any]]
    address: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which acts to list; `after` and `before` are moments."""

    actor_id: UUID | None = None
    subject: str | None = None
    actions: Sequence[str] | None = None
    after: datetime | None = None
    before: datetime | None = None


async def require(db: Read, viewer: Viewer, role: AccountRole) -> None:
    """Raise `ApiError` FORBIDDEN unless the person has the role, by the row and not by what a process remembers."""
    # unguarded: who acts is judged by this
    account = select(Account.role).join(User, User.id == Account.user_id)
    own: AccountRole | None = await db.scalar(account.where(Account.user_id == viewer.id, User.status == "ACTIVE"))
    if own is None or RANKS[own] < RANKS[role]:
        raise ApiError("FORBIDDEN", "This is for moderators alone.")


async def require_now(backends: Backends, viewer: Viewer, role: AccountRole) -> None:
    """As `require`, before something is read."""
    async with backends.db.reading(fresh=True) as db:
        await require(db, viewer, role)


async def exercise(tx: Write, viewer: Viewer, role: AccountRole, act: Act) -> None:
    """Let a person use a power, and write it down in the same transaction; every use goes through here."""
    await require(tx, viewer, role)
    await _write_down(tx, viewer.user_id, act, viewer.address)


async def set_verified(tx: Write, viewer: Viewer, user_id: UUID, reason: str, *, is_verified: bool) -> None:
    """Give a person the mark or take it; nobody else's handle may look like that of a person who has it."""
    await profiles.require_user(tx, viewer, user_id)
    # unguarded: what is changed is written down
    before = await tx.scalar(select(User.is_verified).where(User.id == user_id).with_for_update())
    act = Act("setVerified", str(UserId(user_id)), reason, _changes("isVerified", before, is_verified))
    await exercise(tx, viewer, "ADMIN", act)
    if act.changes:
        await tx.execute(update(User).where(User.id == user_id).values(is_verified=is_verified, updated_at=clock.now()))
        await _settle_protection(tx, user_id)
        outbox.emit(tx, ProfileUpdated(user_id=user_id))


async def set_role(tx: Write, viewer: Viewer, user_id: UUID, role: AccountRole, reason: str) -> None:
    """Make somebody a moderator or administrator, or no longer one; the last administrator stays one."""
    await profiles.require_user(tx, viewer, user_id)
    before = await _role_to_change(tx, user_id)
    act = Act("setAccountRole", str(UserId(user_id)), reason, _changes("role", before, role))
    await exercise(tx, viewer, "ADMIN", act)
    if before == "ADMIN" and role != "ADMIN" and not await _is_there_another(tx, user_id):
        raise Invalid("INVALID", "Somebody has to be administrator. Appoint another one first.", ("input", "role"))
    await _appoint(tx, user_id, act, role)


async def appoint_by_operator(tx: Write, user_id: UUID) -> bool:
    """Make somebody administrator by the operator's own power; False if they were. It is written down as their act."""
    before = await _role_to_change(tx, user_id)
    act = Act("aperture admin grant", str(UserId(user_id)), None, _changes("role", before, "ADMIN"))
    if act.changes:
        await _write_down(tx, user_id, act, "")
        await _appoint(tx, user_id, act, "ADMIN")
    return bool(act.changes)


async def page(db: Read, wanted: AuditFilter, window: Window) -> Page[AuditEntryId]:
    """Ids of acts, the latest first."""
    mark = _LAST if window.after is None else cursor_id(*decode_cursor(_LOG, window.after))
    statement = select(AuditEntry.id).where(AuditEntry.id < mark, *_conditions(wanted))
    found = await db.scalars(statement.order_by(AuditEntry.id.desc()).limit(window.first + 1))
    page = page_of(list(found), window, lambda one: encode_cursor(_LOG, one))
    return page.each(AuditEntryId)


async def entries(db: Read, viewer: Viewer, ids: Iterable[UUID]) -> Mapping[UUID, AuditRow]:
    """Acts by id for moderators; the address is for administrators."""
    if RANKS[viewer.role] < RANKS["MODERATOR"]:
        return {}
    rows = await db.all(select(*AuditEntry.__table__.c).where(AuditEntry.id.in_(list(ids))))
    found = (AuditRow(**row._mapping) for row in rows)  # noqa: SLF001 - its public name
    sees_addresses = viewer.role == "ADMIN"
    return {row.id: row if sees_addresses else replace(row, address=None) for row in found}


def _conditions(wanted: AuditFilter) -> Iterable[ColumnElement[bool]]:
    if wanted.actor_id is not None:
        yield AuditEntry.actor_id == wanted.actor_id
    if wanted.subject is not None:
        yield AuditEntry.subject == wanted.subject
    if wanted.actions is not None:
        yield AuditEntry.action.in_(wanted.actions)
    if wanted.after is not None:
        yield AuditEntry.created_at >= wanted.after
    if wanted.before is not None:
        yield AuditEntry.created_at < wanted.before


def _changes(field: str, before: object, after: object) -> tuple[Change, ...]:
    return () if before == after else (Change(field, _told(before), _told(after)),)


def _told(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _write_down(tx: Write, actor_id: UUID, act: Act, address: str) -> None:
    row = {"id": new_uuid(), "actor_id": actor_id, "address": address, "created_at": clock.now()}
    changes = [{"field": each.field, "before": each.before, "after": each.after} for each in act.changes]
    row |= {"action": act.action, "subject": act.subject, "reason": act.reason, "changes": changes}
    await tx.execute(insert(AuditEntry).values(row))


async def _role_to_change(tx: Write, user_id: UUID) -> AccountRole | None:
    """The role of a person, while nobody else changes any: so that two cannot dismiss each other at once."""
    await tx.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    # unguarded: what is changed is written down
    role: AccountRole | None = await tx.scalar(select(Account.role).where(Account.user_id == user_id))
    return role


async def _is_there_another(tx: Write, user_id: UUID) -> bool:
    """Whether somebody else is administrator whose account is in use."""
    others = select(func.count()).select_from(Account).join(User, User.id == Account.user_id)
    others = others.where(Account.role == "ADMIN", Account.user_id != user_id, User.status == "ACTIVE")
    return bool(await tx.scalar(others))


async def _appoint(tx: Write, user_id: UUID, act: Act, role: AccountRole) -> None:
    if act.changes:
        await tx.execute(update(Account).where(Account.user_id == user_id).values(role=role))
        await _settle_protection(tx, user_id)
        outbox.emit(tx, AccountUpdated(user_id=user_id))


async def _settle_protection(tx: Write, user_id: UUID) -> None:
    """Let nobody look like the verified and like staff; of all others the handle may be looked like."""
    # unguarded: the system compares handles
    person = select(User.handle, User.is_verified, Account.role).join(Account, Account.user_id == User.id)
    row = await tx.first(person.where(User.id == user_id))
    if row is None:
        return
    if row.is_verified or row.role != "MEMBER":
        await likeness.protect(tx, user_id, row.handle)
    else:
        await likeness.unprotect(tx, user_id, row.handle)
