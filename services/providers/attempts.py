"""Attempts to log in at a provider: begun, brought back once by who began them, and gone after ten minutes."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, select, update

from core import clock
from core.backends import Backends
from core.db import Write
from core.errors import BadCredentials, Invalid, NotFound, Refusal
from core.openid import Identity, Request, Return
from core.outbound import Unreachable
from core.providers import Provider
from core.sealing import BrokenSeal, seal, unseal
from core.telemetry import logger
from core.viewer import Viewer
from models.providers import ProviderLogIn

LASTS: Final = timedelta(minutes=10)
PROVES_FOR: Final = timedelta(minutes=2)

_SECRETS: Final = "provider log-ins"
_IDENTITY: Final = "provider identities"
_BYTES: Final = 32

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt on its way out; `state` is for the client to keep and to compare."""

    provider: Provider
    request: Request
    authorization_url: str
    begun_at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.begun_at + LASTS


@dataclass(frozen=True, slots=True)
class Comeback:
    """An attempt that came back; `identity` is there if the provider was asked before."""

    digest: bytes
    provider: Provider
    back: Return
    identity: Identity | None


def find(backends: Backends, key: str) -> Provider | None:
    """The provider with this key, if the operator has named one."""
    return next((each for each in backends.settings.identity_providers if each.key == key), None)


async def prepare(backends: Backends, viewer: Viewer, key: str, redirect_uri: str) -> Attempt:
    """An attempt that `keep` has to write down. The address to come back to is one of the registered, to the letter."""
    provider = find(backends, key)
    if provider is None:
        raise NotFound(("input", "provider"), id=key)
    if redirect_uri not in provider.redirect_uris:
        raise Invalid("INVALID", "This address to come back to is not registered.", ("input", "redirectUri"))
    state, nonce, verifier = (secrets.token_urlsafe(_BYTES) for _ in range(3))
    request = Request(redirect_uri, state, nonce, verifier, is_fresh=viewer.is_signed_in)
    try:
        url = await backends.openid.authorization_url(provider, request)
    except Unreachable as reason:
        raise unreachable(provider, reason) from None
    return Attempt(provider, request, url, clock.now())


async def keep(tx: Write, viewer: Viewer, attempt: Attempt) -> None:
    """Write an attempt down: its secrets sealed, its state as a digest."""
    request, digest = attempt.request, digest_of(attempt.request.state)
    row = {
        "digest": digest,
        "provider": attempt.provider.key,
        "redirect_uri": request.redirect_uri,
        "secrets": seal(_SECRETS, digest, orjson.dumps([request.nonce, request.verifier])),
        "user_id": viewer.id,
        "session_id": viewer.session_id,
        "begun_at": attempt.begun_at,
        "expires_at": attempt.expires_at,
    }
    await tx.execute(insert(ProviderLogIn).values(row))


async def bring_back(tx: Write, backends: Backends, viewer: Viewer, state: str, code: str) -> Comeback:
    """Use an attempt up. Only who began it may: the same session, or nobody; whatever else is wrong gets one answer.

    The same state may come again with the same code while the provider's answer waits to be made use of.
    """
    digest, code_digest = digest_of(state), digest_of(code)
    columns = (
        ProviderLogIn.provider,
        ProviderLogIn.redirect_uri,
        ProviderLogIn.secrets,
        ProviderLogIn.user_id,
        ProviderLogIn.session_id,
        ProviderLogIn.begun_at,
        ProviderLogIn.expires_at,
        ProviderLogIn.code_digest,
        ProviderLogIn.identity,
        ProviderLogIn.completed_at,
    )
    row = await tx.first(select(*columns).where(ProviderLogIn.digest == digest).with_for_update())
    provider = find(backends, row.provider) if row else None
    if row is None or provider is None or row.completed_at is not None or row.expires_at <= clock.now():
        raise useless()
    if (row.user_id, row.session_id) != (viewer.id, viewer.session_id):
        raise useless()
    if row.code_digest is None:
        used = {"code_digest": code_digest, "used_at": clock.now()}
        await tx.execute(update(ProviderLogIn).where(ProviderLogIn.digest == digest).values(used))
    elif row.identity is None or not compare_digest(row.code_digest, code_digest):
        raise useless()
    nonce, verifier = _opened(_SECRETS, digest, row.secrets)
    back = Return(code, row.redirect_uri, nonce, verifier, row.begun_at)
    return Comeback(digest, provider, back, _identity(digest, row.identity))


async def note(tx: Write, comeback: Comeback, identity: Identity) -> None:
    """Keep what the provider said, sealed, until the attempt is completed."""
    sealed = seal(_IDENTITY, comeback.digest, orjson.dumps(identity))
    await tx.execute(update(ProviderLogIn).where(ProviderLogIn.digest == comeback.digest).values(identity=sealed))


async def complete(tx: Write, digest: bytes, proves: UUID | None = None) -> None:
    """End an attempt, once; `proves` is the linked identity that its owner has shown to be in reach."""
    ended = update(ProviderLogIn).where(ProviderLogIn.digest == digest, ProviderLogIn.completed_at.is_(None))
    values = {"completed_at": clock.now(), "identity": None, "proves": proves}
    if await tx.scalar(ended.values(values).returning(ProviderLogIn.begun_at)) is None:
        raise useless()


async def spend(tx: Write, viewer: Viewer, state: str) -> UUID | None:
    """The linked identity that an attempt of this session proved in the last two minutes; an attempt proves once."""
    spent = update(ProviderLogIn).where(
        ProviderLogIn.digest == digest_of(state),
        ProviderLogIn.user_id == viewer.user_id,
        ProviderLogIn.session_id == viewer.session_id,
        ProviderLogIn.completed_at > clock.now() - PROVES_FOR,
        ProviderLogIn.proves.is_not(None),
        ProviderLogIn.spent_at.is_(None),
    )
    proved: UUID | None = await tx.scalar(spent.values(spent_at=clock.now()).returning(ProviderLogIn.proves))
    return proved


async def purge(tx: Write, before: datetime, limit: int = 5000) -> int:
    """Forget attempts that ended before a moment, at most `limit` of them; returns how many."""
    old = await tx.scalars(select(ProviderLogIn.digest).where(ProviderLogIn.expires_at < before).limit(limit))
    if old:
        await tx.execute(delete(ProviderLogIn).where(ProviderLogIn.digest.in_(old)))
    return len(old)


def digest_of(text: str) -> bytes:
    """What is stored of a state or code: it finds the attempt and does not give them away."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def useless() -> BadCredentials:
    """The refusal of an attempt that is good for nothing, whatever the reason."""
    return BadCredentials("This log-in is unknown, used up or too old. Begin it again.", ("input", "state"))


def unreachable(provider: Provider, reason: Exception) -> Refusal:
    """The refusal when a provider fails us; the reason is for the operator."""
    log.warning("identity provider failed", provider=provider.key, reason=str(reason))
    return Refusal("UNAVAILABLE", f"{provider.name} does not answer as it should. Begin the log-in again.")


def _identity(digest: bytes, sealed: bytes | None) -> Identity | None:
    if sealed is None:
        return None
    told = _opened(_IDENTITY, digest, sealed)
    moment = told.pop("authenticated_at")
    return Identity(**told, authenticated_at=datetime.fromisoformat(moment) if moment else None)


def _opened(purpose: str, digest: bytes, sealed: bytes) -> Any:
    """What was sealed; nothing to go on with, if the installation's secret has changed since."""
    try:
        return orjson.loads(unseal(purpose, digest, sealed))
    except BrokenSeal:
        raise useless() from None
