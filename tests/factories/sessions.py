"""Accounts with a password, their sessions, and what becomes of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.errors import ApiError
from core.ids import SessionId
from core.passwords import hash_password
from models.auth import Session
from models.profiles import User
from services import accounts, settling
from services.accounts import NewAccount
from services.auth import gate, keys, sessions
from services.auth.devices import Device
from services.auth.sessions import AuthTokens

PASSWORD = "violet harbour 41 lamps"
HOME, CAFE = "192.0.2.7", "198.51.100.9"


async def account(db: Database, handle: str = "Ana.Lima", email: str = "ana@example.com") -> UUID:
    """An account that logs in with `PASSWORD`."""
    new = accounts.checked(NewAccount(email, handle), PASSWORD)
    password_hash = await hash_password(PASSWORD)
    return await db.write(lambda tx: accounts.create_account(tx, new, password_hash))


async def enter(backends: Backends, user_id: UUID) -> AuthTokens:
    """A session of a person, and its tokens."""
    key = await keys.signing_key(backends)
    device = Device("Firefox on Linux", "WEB")
    return await backends.db.write(lambda tx: sessions.log_in(tx, key, user_id, device, HOME))


async def refresh(backends: Backends, token: str, idempotency_key: str | None = None) -> AuthTokens | None:
    """Trade a refresh token as a client would."""
    key = await keys.signing_key(backends)
    parsed = sessions.presented(token, ())
    return await backends.db.write(lambda tx: sessions.refresh(tx, key, parsed, idempotency_key))


async def end(backends: Backends, session: SessionId) -> None:
    """End a session behind the back of the processes that remember it."""
    await backends.db.write(lambda tx: sessions.end(tx, session))


async def set_status(db: Database, user_id: UUID, status: str) -> None:
    """What a moderator does, and what follows for the person's comments."""

    async def work(tx: Write) -> None:
        await tx.execute(update(User).where(User.id == user_id).values(status=status))
        await settling.settle_some(tx, user_id, None, 1000)

    await db.write(work)


async def is_open(db: Database, session: SessionId) -> bool:
    """Whether the row of the session says so."""
    async with db.reading() as read:
        return await read.scalar(select(Session.ended_at).where(Session.id == session.id)) is None


async def is_let_in(backends: Backends, tokens: AuthTokens) -> bool:
    """Whether a process takes the access token."""
    try:
        await gate.authenticate(backends, tokens.access_token, HOME)
    except ApiError as error:
        if error.code != "UNAUTHENTICATED":
            raise
        return False
    return True


@contextmanager
def later(**distance: float) -> Iterator[None]:
    """Run what is inside so much later, all at one moment."""
    with clock.frozen(clock.now() + timedelta(**distance)):
        yield
