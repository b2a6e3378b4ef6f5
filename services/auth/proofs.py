"""Proofs of who is at the device: asked for before what cannot be taken back, and good for ten minutes."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from core import clock
from core.backends import Backends
from core.buckets import Claim
from core.db import Read, Write
from core.errors import BadCredentials, Path, ReauthenticationRequired, Refusal
from core.passwords import verify_password
from core.settings import settings
from core.viewer import Viewer
from models.accounts import Account
from models.auth import Session
from models.providers import LinkedIdentity
from services.auth import second_factors
from services.auth.second_factors import Code

PROVED_FOR: Final = timedelta(minutes=10)
FAILURES: Final = 10
WITHIN_SECONDS: Final = 15 * 60


def is_recent(proved_at: datetime | None) -> bool:
    """Whether a proof of that moment still counts."""
    return proved_at is not None and clock.now() < proved_at + PROVED_FOR


async def require_recent(backends: Backends, viewer: Viewer) -> None:
    """Raise `ReauthenticationRequired` unless the session gave a proof within ten minutes.

    A process may have heard of an older one, so the row has the last word.
    """
    if is_recent(viewer.proved_at):
        return
    async with backends.db.reading(fresh=True) as db:
        await require_recent_of(db, viewer)


async def require_recent_of(db: Read, viewer: Viewer) -> None:
    """As `require_recent`, for verbs that find out on their way whether they need a proof."""
    own = Session.user_id == viewer.user_id, Session.id == viewer.session_id
    if not is_recent(await db.scalar(select(Session.proved_at).where(*own))):
        raise ReauthenticationRequired(await methods(db, viewer.user_id))


async def methods(db: Read, user_id: UUID) -> list[str]:
    """What the person could prove it with, each a `ReauthenticationMethod`."""
    has_password = await db.scalar(select(Account.password_hash.is_not(None)).where(Account.user_id == user_id))
    has_app = await second_factors.methods(db, user_id)
    has = {"PASSWORD": has_password, "TOTP": has_app, "PROVIDER": await _is_linked(db, user_id)}
    return [method for method, is_there in has.items() if is_there]


async def _is_linked(db: Read, user_id: UUID) -> bool:
    """Whether the person has linked a service that the operator still names."""
    providers = [each.key for each in settings().identity_providers]
    if not providers:
        return False
    linked = select(LinkedIdentity.id).where(LinkedIdentity.user_id == user_id, LinkedIdentity.provider.in_(providers))
    return await db.scalar(linked.limit(1)) is not None


async def by_password(backends: Backends, viewer: Viewer, password: str, path: Path) -> str:
    """The stored hash, if this is the account's password.

    Ten wrong ones within 15 minutes are enough, from whichever session: then even the right one has to wait.
    """
    failure = _failure(backends, viewer)
    await backends.buckets.require(failure, dry_run=True)
    async with backends.db.reading(fresh=True) as db:
        # unguarded: the hash is compared and goes nowhere
        stored: str | None = await db.scalar(select(Account.password_hash).where(Account.user_id == viewer.user_id))
    if stored is None:
        raise BadCredentials("This account has no password yet. Have a mail sent to set one.", path)
    if not await verify_password(password, stored):
        await backends.buckets.require(failure)
        raise BadCredentials("The password is wrong.", path)
    return stored


async def by_totp(tx: Write, viewer: Viewer, code: Code) -> Refusal | None:
    """Use a code of the authenticator app up; a refusal is to be raised after the commit."""
    return await second_factors.judge(tx, viewer.user_id, code, viewer.address)


async def note(tx: Write, viewer: Viewer) -> datetime:
    """Write down that the viewer's session has just given a proof; until when it counts."""
    now = clock.now()
    own = Session.user_id == viewer.user_id, Session.id == viewer.session_id
    await tx.execute(update(Session).where(*own).values(proved_at=now))
    return now + PROVED_FOR


def _failure(backends: Backends, viewer: Viewer) -> list[Claim]:
    limit = FAILURES * backends.settings.rate_limit_factor
    return [Claim(f"{viewer.user_id}/failedPassword", limit, WITHIN_SECONDS)] if limit else []
