"""Logging in with a name and a password."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import select

from core.backends import Backends
from core.buckets import Claim, network_of
from core.db import Read
from core.errors import BadCredentials, RateLimited
from core.passwords import verify_password
from models.accounts import Account, Email
from models.profiles import User
from services import emails, handles

FAILURES: Final = 10
WITHIN_SECONDS: Final = 15 * 60

_NOBODY: Final = UUID(int=0)


async def recognise(backends: Backends, identifier: str, password: str, address: str) -> UUID:
    """Whose handle or email address and password these are.

    A wrong name and a wrong password get one answer after the same work. Ten failures with one name from one address
    within 15 minutes are enough: then even the right password has to wait. They are counted by the name as given,
    since a shared count would tell which handle belongs to which email address.
    """
    failure = _failure(backends, identifier, address)
    _refuse(await backends.buckets.take(failure, dry_run=True))
    async with backends.db.reading(fresh=True) as db:
        user_id, stored = await _find(db, identifier)
    if await verify_password(password, stored):
        return user_id
    _refuse(await backends.buckets.take(failure))
    raise BadCredentials


def _refuse(retry_at: datetime | None) -> None:
    if retry_at is not None:
        raise RateLimited(retry_at)


def _failure(backends: Backends, identifier: str, address: str) -> list[Claim]:
    """What a failure uses up; nothing where the operator has switched rates off."""
    limit = FAILURES * backends.settings.rate_limit_factor
    name = sha256(_key(identifier).encode("utf-8", "surrogatepass")).hexdigest()
    return [Claim(f"{name}/failedLogIn:{network_of(address)}", limit, WITHIN_SECONDS)] if limit else []


def _key(identifier: str) -> str:
    return emails.key_of(identifier) or handles.key_of(identifier.strip())


async def _find(db: Read, identifier: str) -> tuple[UUID, str | None]:
    """The person and the stored hash; nobody and None take the same statements."""
    email = emails.key_of(identifier)
    if email is None:
        holder = await handles.find(db, identifier.strip())
    else:
        holder = await db.scalar(select(Email.user_id).where(Email.email == email))
    user_id = holder or _NOBODY
    # unguarded: the hash is compared and goes nowhere
    statement = select(Account.password_hash).join(User, User.id == Account.user_id)
    stored = await db.scalar(statement.where(Account.user_id == user_id, User.status != "DELETED"))
    return user_id, stored
