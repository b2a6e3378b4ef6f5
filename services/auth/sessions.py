"""Sessions of devices: begun, kept alive by refresh tokens that work once, ended."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, insert, select, true, update

from core import clock
from core.db import Write
from core.errors import BadCredentials, Path
from core.events import RefreshTokenReused, SessionEnded, SessionStarted
from core.ids import SessionId, new_uuid
from core.locations import location_of
from core.sealing import BrokenSeal, seal, unseal
from core.settings import settings
from core.tokens import BadToken, RefreshToken, SigningKey, issue_access
from core.viewer import Viewer
from models.auth import Session
from services import outbox
from services.auth.devices import Device, fingerprint

LogInMethod = Literal[
    "PASSWORD", "PASSWORD_AND_TOTP", "PASSWORD_AND_SMS", "PASSWORD_AND_RECOVERY_CODE", "PROVIDER", "SIGN_UP"
]

REPLAY_FOR: Final = timedelta(seconds=60)

_PURPOSE: Final = "refresh replays"


@dataclass(frozen=True, slots=True)
class AuthTokens:
    """What a device needs to act for its session, and to go on with it."""

    session: SessionId
    access_token: str
    refresh_token: str
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime


async def begin(tx: Write, user_id: UUID, device: Device, address: str, method: LogInMethod) -> SessionId:
    """Begin a session; it has no tokens before `grant`."""
    session = SessionId(user_id, new_uuid())
    now = clock.now()
    row = {
        "user_id": user_id,
        "id": session.id,
        "device_name": device.name,
        "platform": device.platform,
        "app_version": device.app_version,
        "log_in_method": method,
        "address": address,
        "place": location_of(address),
        "fingerprint": fingerprint(user_id, device),
        "refresh_hash": RefreshToken.new(session).digest,
        "created_at": now,
        "last_active_at": now,
        "proved_at": now,
        "expires_at": _expiry(),
    }
    await tx.execute(insert(Session).values(row))
    outbox.emit(tx, SessionStarted(user_id=user_id, session_id=session.id))
    return session


async def log_in(
    tx: Write, key: SigningKey, user_id: UUID, device: Device, address: str, method: LogInMethod = "PASSWORD"
) -> AuthTokens:
    """Begin a session of a person who has proved who they are."""
    return await grant(tx, key, await begin(tx, user_id, device, address, method))


async def grant(tx: Write, key: SigningKey, session: SessionId) -> AuthTokens:
    """Fresh tokens for a session that is open; the refresh token given before stops working."""
    tokens = _new_tokens(key, session)
    if not await _rotate(tx, tokens):
        raise BadCredentials("The session has ended. Log in again.")
    return tokens


def presented(text: str, path: Path) -> RefreshToken:
    """Read a refresh token; what was not made here is refused, and ends nothing."""
    try:
        return RefreshToken.parse(text)
    except BadToken:
        raise spent(path) from None


def spent(path: Path) -> BadCredentials:
    """The refusal of a refresh token that is good for nothing, whatever the reason."""
    return BadCredentials("The refresh token is wrong, used up or too old. Log in again.", path)


async def refresh(
    tx: Write, key: SigningKey, token: RefreshToken, idempotency_key: str | None = None
) -> AuthTokens | None:
    """Trade a refresh token for new tokens; None if it is good for nothing.

    The row's lock lets one of several at once through. A token that was used before ends the session, unless the same
    idempotency key comes with it within a minute: then the answer is the same. The caller commits in either case.
    """
    # unguarded: this is what a token is judged by
    columns = select(Session.refresh_hash, Session.replay, Session.replay_until)
    row = await tx.first(columns.where(*_is_open(token.session)).with_for_update())
    if row is None:
        return None
    if hmac.compare_digest(row.refresh_hash, token.digest):
        tokens = _new_tokens(key, token.session)
        await _rotate(tx, tokens, _sealed_answer(tokens, token, idempotency_key))
        return tokens
    if idempotency_key and row.replay is not None and clock.now() < row.replay_until:
        answer = _first_answer(row.replay, token, idempotency_key)
        if answer is not None:
            return answer
    await end(tx, token.session)
    outbox.emit(tx, RefreshTokenReused(user_id=token.session.user_id, session_id=token.session.id))
    return None


async def end(tx: Write, session: SessionId) -> list[SessionId]:
    """End one session; the answer is empty if it had ended before."""
    return await _end(tx, session.user_id, Session.id == session.id)


async def end_all(tx: Write, user_id: UUID) -> list[SessionId]:
    """End every session of a person; returns those that were open."""
    return await _end(tx, user_id, true())


async def revoke(tx: Write, viewer: Viewer, chosen: Collection[SessionId] | None) -> list[SessionId]:
    """End other sessions of the viewer: those chosen, all for None; what is none of them is passed over."""
    others = Session.id != viewer.session_id
    if chosen is None:
        return await _end(tx, viewer.user_id, others)
    own = [session.id for session in chosen if session.user_id == viewer.id]
    return await _end(tx, viewer.user_id, others & Session.id.in_(own)) if own else []


async def log_out(tx: Write, viewer: Viewer, *, all_devices: bool) -> list[SessionId]:
    """End the viewer's session, or all of the account; logging out again changes nothing."""
    if all_devices:
        return await end_all(tx, viewer.user_id)
    return await end(tx, SessionId(viewer.user_id, viewer.session_id)) if viewer.session_id else []


async def _end(tx: Write, user_id: UUID, which: ColumnElement[bool]) -> list[SessionId]:
    statement = update(Session).where(Session.user_id == user_id, which, Session.ended_at.is_(None))
    ended = await tx.scalars(statement.values(ended_at=clock.now(), replay=None).returning(Session.id))
    for session_id in ended:
        outbox.emit(tx, SessionEnded(user_id=user_id, session_id=session_id))
    return [SessionId(user_id, session_id) for session_id in ended]


async def _rotate(tx: Write, tokens: AuthTokens, replay: bytes | None = None) -> bool:
    """Let the new refresh token work, and no other; False if the session is not open."""
    values = {
        "refresh_hash": RefreshToken.parse(tokens.refresh_token).digest,
        "expires_at": tokens.refresh_token_expires_at,
        "replay": replay,
        "replay_until": clock.now() + REPLAY_FOR if replay else None,
    }
    rotated = update(Session).where(*_is_open(tokens.session)).values(values).returning(Session.id)
    return await tx.scalar(rotated) is not None


def _new_tokens(key: SigningKey, session: SessionId) -> AuthTokens:
    access_token, expires_at = issue_access(key, session)
    return AuthTokens(session, access_token, str(RefreshToken.new(session)), expires_at, _expiry())


def _sealed_answer(tokens: AuthTokens, used: RefreshToken, idempotency_key: str | None) -> bytes | None:
    """The answer for a repeat; only the same token with the same key opens it."""
    if not idempotency_key:
        return None
    content = (
        tokens.access_token,
        tokens.refresh_token,
        tokens.access_token_expires_at,
        tokens.refresh_token_expires_at,
    )
    return seal(_PURPOSE, _place(used, idempotency_key), orjson.dumps(content))


def _first_answer(sealed: bytes, token: RefreshToken, idempotency_key: str) -> AuthTokens | None:
    try:
        content = orjson.loads(unseal(_PURPOSE, _place(token, idempotency_key), sealed))
    except BrokenSeal:
        return None
    access, refresh_token, *expiries = content
    return AuthTokens(token.session, access, refresh_token, *map(datetime.fromisoformat, expiries))


def _place(token: RefreshToken, idempotency_key: str) -> bytes:
    return token.digest + sha256(idempotency_key.encode("utf-8", "surrogatepass")).digest()


def _expiry() -> datetime:
    return clock.now() + timedelta(days=settings().session_days)


def still_open() -> tuple[ColumnElement[bool], ...]:
    """What holds of a session that has neither ended nor run out."""
    return Session.ended_at.is_(None), Session.expires_at > clock.now()


def _is_open(session: SessionId) -> tuple[ColumnElement[bool], ...]:
    return Session.user_id == session.user_id, Session.id == session.id, *still_open()
