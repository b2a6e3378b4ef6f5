"""Accounts: the private side of a person, from signing up on."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, insert, or_, select, update

from core import clock, passwords
from core.db import Read, Write
from core.errors import Conflict, Refusal, Refusals
from core.events import AccountCreated, AccountUpdated
from core.ids import SessionId, new_uuid
from core.viewer import Viewer
from models.accounts import Account
from models.profiles import User
from services import emails, handles, joining, outbox
from services.auth import sessions
from services.auth.devices import Device

FREE: Final = 2
"""How many people may sign up from one network in an hour before a captcha is asked for."""

MAX_NAME: Final = 50

_EMAIL = ("input", "email")
_HANDLE = ("input", "handle")
_PASSWORD = ("input", "password")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a person says of themselves when signing up."""

    email: str
    handle: str
    display_name: str | None = None
    language: str = "en"
    time_zone: str = "UTC"
    birth_date: date | None = None
    accepted_terms: str | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as its owner sees it. `status` is an `AccountStatus`."""

    user_id: UUID
    status: str
    role: str
    email: str
    email_verified_at: datetime | None
    pending_email: str | None
    has_password: bool
    password_changed_at: datetime | None
    language: str
    time_zone: str
    birth_date: date | None
    created_at: datetime
    deletion_scheduled_for: datetime | None


def checked(new: NewAccount, password: str) -> NewAccount:
    """The account in its normal form; all that is wrong with it and its password is refused together.

    It asks no database and comes before the password is hashed.
    """
    email, wrong_email = _tried(lambda: emails.check(new.email, _EMAIL))
    _, wrong_handle = _tried(lambda: handles.check(new.handle, _HANDLE))
    _, wrong_password = _tried(lambda: passwords.require_good(password, _names(new), _PASSWORD))
    _, wrong_age = _tried(lambda: joining.check_birth_date(new.birth_date, joining.BIRTH_DATE))
    _, wrong_terms = _tried(lambda: joining.check_terms(new.accepted_terms, joining.TERMS))
    wrong = (wrong_email, wrong_handle, wrong_password, wrong_age, wrong_terms)
    reasons = [reason for reason in wrong if reason is not None]
    if reasons:
        raise Refusals(reasons)
    name = (new.display_name or "").strip() or new.handle
    return replace(new, email=email, display_name=name)


async def sign_up(tx: Write, new: NewAccount, password_hash: str, device: Device, address: str) -> SessionId:
    """Create an account and begin its first session; all of it or, when handle or email are taken, nothing."""
    user_id = await create_account(tx, new, password_hash)
    return await sessions.begin(tx, user_id, device, address, "SIGN_UP")


async def create_account(tx: Write, new: NewAccount, password_hash: str | None, *, is_confirmed: bool = False) -> UUID:
    """Create what `checked` returned; refuses with all that is taken. A handle and an address go to one person each.

    Who comes by another service has no password; `is_confirmed` if the address is known to be the person's.
    """
    user_id = new_uuid()
    taken = [
        await _conflict(lambda: handles.claim(tx, new.handle, user_id, _HANDLE)),
        await _conflict(lambda: emails.claim(tx, new.email, user_id, _EMAIL)),
    ]
    reasons = [reason for reason in taken if reason is not None]
    if reasons:
        raise Refusals(reasons)
    await tx.execute(insert(User).values(_user_row(new, user_id)))
    await tx.execute(insert(Account).values(_account_row(new, user_id, password_hash, is_confirmed=is_confirmed)))
    if is_confirmed:
        await emails.prove(tx, new.email, user_id)
    outbox.emit(tx, AccountCreated(user_id=user_id))
    return user_id


async def update_account(tx: Write, viewer: Viewer, changes: Mapping[str, str]) -> None:
    """Change the language or time zone of the viewer's account; the same again changes nothing and tells nobody."""
    if not changes:
        return
    # unguarded: compared with what is written
    differs = or_(*(getattr(Account, name).is_distinct_from(value) for name, value in changes.items()))
    own = Account.user_id == viewer.user_id
    changed = update(Account).where(own, differs).values(dict(changes)).returning(Account.user_id)
    if await tx.scalar(changed) is not None:
        outbox.emit(tx, AccountUpdated(user_id=viewer.user_id))


async def own_accounts(db: Read, viewer: Viewer, user_ids: Iterable[UUID]) -> Mapping[UUID, AccountRow]:
    """The viewer's own account, if it is among those asked for; nobody sees another's."""
    if viewer.id is None or viewer.id not in user_ids:
        return {}
    # unguarded: the account is the viewer's own
    columns = (
        Account.user_id,
        case((Account.deletion_scheduled_for.is_(None), User.status), else_="PENDING_DELETION"),
        Account.role,
        Account.email,
        Account.email_verified_at,
        Account.pending_email,
        Account.password_hash.is_not(None).label("has_password"),
        Account.password_changed_at,
        Account.language,
        Account.time_zone,
        Account.birth_date,
        Account.created_at,
        Account.deletion_scheduled_for,
    )
    statement = select(*columns).join(User, User.id == Account.user_id)
    row = await db.first(statement.where(Account.user_id == viewer.id))
    return {viewer.id: AccountRow(*tuple(row))} if row else {}


def _names(new: NewAccount) -> tuple[str, ...]:
    return new.handle, *emails.names_in(new.email)


def _tried(check: Callable[[], Any]) -> tuple[Any, Refusal | None]:
    try:
        return check(), None
    except Refusal as refusal:
        return None, refusal


async def _conflict(claim: Callable[[], Awaitable[None]]) -> Conflict | None:
    try:
        await claim()
    except Conflict as conflict:
        return conflict
    return None


def _user_row(new: NewAccount, user_id: UUID) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": user_id,
        "handle": new.handle,
        "display_name": new.display_name,
        "bio_mentions": {},
        "links": [],
        "is_verified": False,
        "is_private": False,
        "status": "ACTIVE",
        "created_at": now,
        "updated_at": now,
    }


def _account_row(new: NewAccount, user_id: UUID, password_hash: str | None, *, is_confirmed: bool) -> dict[str, Any]:
    now = clock.now()
    return {
        "user_id": user_id,
        "email": new.email,
        "email_verified_at": now if is_confirmed else None,
        "password_hash": password_hash,
        "password_changed_at": now if password_hash else None,
        "role": "MEMBER",
        "language": new.language,
        "time_zone": new.time_zone,
        "birth_date": new.birth_date,
        "accepted_terms": new.accepted_terms,
        "created_at": now,
    }
