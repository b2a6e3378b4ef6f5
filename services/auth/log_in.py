"""Logging in with a name and a password."""

import asyncio
from contextlib import suppress
from functools import partial
from uuid import UUID

from sqlalchemy import select

from core.backends import Backends
from core.db import Read, Write
from core.errors import BadCredentials, RateLimited, Unavailable
from core.events import LogInsFailed
from core.passwords import verify_password
from core.sealing import mac
from models.accounts import Account, Email
from models.profiles import User
from services import emails, handles, outbox
from services.auth import known_networks
from services.auth.guesses import Guesses


async def recognise(backends: Backends, identifier: str, password: str, address: str) -> UUID:
    """Whose handle or email address and password these are.

    A wrong name and a wrong password get one answer after the same work. Ten failures with one name from one network
    within 15 minutes are enough: then even the right password has to wait there. Failures from everywhere make tries
    wait their turns, but never the right password from a network the person is known at.
    """
    guesses = Guesses.of(backends, identifier, address)
    await guesses.require_patience()
    wait_until = await guesses.pause()
    async with backends.db.reading(fresh=True) as db:
        user_id, stored = await _find(db, identifier)
        # Asked before the password is judged, so that the time of a refusal does not tell a right one.
        is_awaited = wait_until is not None and await known_networks.is_known(db, user_id, address)
    is_right = await verify_password(password, stored)
    if wait_until is not None and not (is_right and is_awaited):
        raise RateLimited(wait_until)
    if not is_right:
        await _note_failure(backends, guesses, user_id if stored else None)
        raise BadCredentials
    return user_id


async def find_holder(db: Read, identifier: str) -> UUID:
    """Whose handle or email address this is; if it is nobody's, an id of its own that no account has."""
    email = emails.key_of(identifier)
    if email is None:
        holder = await handles.find(db, identifier.strip())
    else:
        holder = await db.scalar(select(Email.user_id).where(Email.email == email))
    return holder or _nobody(email or handles.key_of(identifier.strip()))


def _nobody(name: str) -> UUID:
    return UUID(bytes=mac("nobody", name.encode("utf-8", "surrogatepass"))[:16])


async def _note_failure(backends: Backends, guesses: Guesses, user_id: UUID | None) -> None:
    """Count a failure; a person whose name is tried again and again is told, behind the answer and once a day."""
    if not await guesses.count() or user_id is None or not await guesses.is_news():
        return

    async def tell() -> None:
        with suppress(Unavailable):
            await backends.db.write(partial(_tell, user_id=user_id))

    task = asyncio.create_task(tell())
    backends.tokens.running.add(task)
    task.add_done_callback(backends.tokens.running.discard)


async def _tell(tx: Write, user_id: UUID) -> None:
    outbox.emit(tx, LogInsFailed(user_id=user_id))


async def _find(db: Read, identifier: str) -> tuple[UUID, str | None]:
    """The person and the stored hash; nobody and None take the same statements."""
    user_id = await find_holder(db, identifier)
    # unguarded: the hash is compared and goes nowhere
    statement = select(Account.password_hash).join(User, User.id == Account.user_id)
    stored = await db.scalar(statement.where(Account.user_id == user_id, User.status != "DELETED"))
    return user_id, stored
