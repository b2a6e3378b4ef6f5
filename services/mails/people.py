"""Whom a mail goes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from core.db import Read
from models.accounts import Account
from models.auth import Session
from models.profiles import User


@dataclass(frozen=True, slots=True)
class Person:
    """A person as mails speak to them."""

    handle: str
    email: str
    is_verified: bool
    language: str
    deletion_scheduled_for: datetime | None


async def session(db: Read, user_id: UUID, session_id: UUID) -> Mapping[str, object]:
    """The `device` and `place` of one of the person's sessions."""
    # unguarded: it goes to the account's own address
    columns = select(Session.device_name.label("device"), Session.place)
    row = await db.first(columns.where(Session.user_id == user_id, Session.id == session_id))
    return dict(row._mapping) if row else {}  # noqa: SLF001 - the public name of a row's columns


async def find(db: Read, user_id: UUID) -> Person | None:
    """Whom to write to; None for those who are gone."""
    # unguarded: it goes to the account's own address
    columns = (
        User.handle,
        Account.email,
        Account.email_verified_at.is_not(None),
        Account.language,
        Account.deletion_scheduled_for,
    )
    statement = select(*columns).join(Account, Account.user_id == User.id)
    row = await db.first(statement.where(User.id == user_id, User.status != "DELETED"))
    return Person(*tuple(row)) if row else None
