"""The check that every request passes: whose token it is, and whether its session is still open."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, case, text, update

from core import clock
from core.backends import Backends
from core.db import Write
from core.direct import Direct
from core.errors import ApiError, Unavailable
from core.ids import SessionId
from core.tokens import BadToken, Claims, UnknownKey, read_access
from core.viewer import AccountRole, AccountStatus, Viewer
from models.auth import Session
from services import trust
from services.auth.keys import key_ring

TOUCH_AFTER: Final = timedelta(minutes=1)


@dataclass(slots=True)
class OpenSession:
    """What a process believes of a session for two seconds, or until it hears that something has changed."""

    user_id: UUID
    status: AccountStatus
    role: AccountRole
    proved_at: datetime | None
    expires_at: datetime
    last_active_at: datetime
    trust: float


async def authenticate(backends: Backends, token: str, address: str, user_agent: str = "") -> Viewer:
    """Who sent the token; `ApiError` UNAUTHENTICATED if it is wrong, too old, or of a session that has ended."""
    name = sha256(token.encode("utf-8", "surrogatepass")).digest()
    claims = backends.tokens.claims.get(name)
    if claims is None:
        # A signature is checked once in a while per process.
        claims = backends.tokens.claims[name] = await _claims(backends, token)
    return await admit(backends, claims.session, claims.expires_at, address, user_agent)


async def admit(
    backends: Backends, session_id: SessionId, expires_at: datetime, address: str, user_agent: str = ""
) -> Viewer:
    """The person of an open session, admitted until a moment; `ApiError` UNAUTHENTICATED if it is past or has ended."""
    session: OpenSession | None = backends.tokens.sessions.get(session_id.id)
    if session is None:
        news = backends.tokens.news
        session = await _open_session(backends, session_id)
        if backends.tokens.news == news:
            backends.tokens.sessions[session_id.id] = session
    now = clock.now()
    if expires_at <= now or session.expires_at <= now:
        raise _unauthenticated()
    if now - session.last_active_at >= TOUCH_AFTER:
        session.last_active_at = now
        _behind(backends, session_id, address)
    return Viewer(
        id=session_id.user_id,
        session_id=session_id.id,
        status=session.status,
        role=session.role,
        proved_at=session.proved_at,
        trust=session.trust,
        address=address,
        user_agent=user_agent,
        expires_at=expires_at,
    )


async def look(backends: Backends, viewers: Sequence[Viewer]) -> list[Viewer | None]:
    """Who these signed-in viewers are by now, None for those whose session has ended; all in one statement."""
    asked = {"users": [each.user_id for each in viewers], "sessions": [each.session_id for each in viewers]}
    async with backends.db.reading(fresh=True) as db:
        rows = {(row.user_id, row.id): row for row in await db.all(_OPEN, asked)}
    now, seen = clock.now(), list[Viewer | None]()
    for viewer in viewers:
        row = rows.get((viewer.id, viewer.session_id))
        if row is None or row.expires_at <= now:
            seen.append(None)
        else:
            known = {"status": row.status, "role": row.role, "proved_at": row.proved_at}
            known["trust"] = _trust(row.joined_at, row.is_verified, row.has_second_factor)
            seen.append(replace(viewer, **known))
    due = [each for each in seen if each and now - rows[each.id, each.session_id].last_active_at >= TOUCH_AFTER]
    if due:
        with suppress(Unavailable):
            await backends.db.write(partial(_touch_all, viewers=due))
    return seen


async def _claims(backends: Backends, token: str) -> Claims:
    """What a token says that is signed as it should be."""
    try:
        return await _read(backends, token)
    except BadToken:
        raise _unauthenticated() from None


async def _read(backends: Backends, token: str) -> Claims:
    keys = await key_ring(backends)
    try:
        return read_access(token, keys.public)
    except UnknownKey:
        keys = await key_ring(backends, is_missing=True)
        return read_access(token, keys.public)


async def _open_session(backends: Backends, session_id: SessionId) -> OpenSession:
    async with backends.db.reading(fresh=True) as db:
        rows = await db.rows(_SESSION, {"user": session_id.user_id, "session": session_id.id})
    if not rows:
        raise _unauthenticated()
    status, role, proved_at, expires_at, last_active_at, *facts = rows[0][:]
    return OpenSession(session_id.user_id, status, role, proved_at, expires_at, last_active_at, _trust(*facts))


def _trust(joined_at: datetime, is_verified: bool, has_second_factor: bool) -> float:  # noqa: FBT001 - facts of a row
    return trust.score(joined_at, is_verified=is_verified, has_second_factor=has_second_factor)


def _behind(backends: Backends, session_id: SessionId, address: str) -> None:
    """Write down the sign of life while the request goes on; a lost one comes again within the minute."""

    async def touch() -> None:
        with suppress(Unavailable):
            await backends.db.write(partial(_touch, session_id=session_id, address=address))

    task = asyncio.create_task(touch())
    backends.tokens.running.add(task)
    task.add_done_callback(backends.tokens.running.discard)


async def _touch(tx: Write, session_id: SessionId, address: str) -> None:
    """Write the time and address of a request, and drop a kept answer that nobody may have any more."""
    now = clock.now()
    is_due = Session.last_active_at <= now - TOUCH_AFTER
    statement = update(Session).where(Session.user_id == session_id.user_id, Session.id == session_id.id, is_due)
    kept = Session.replay_until > now
    await tx.execute(statement.values(last_active_at=now, address=address, replay=case((kept, Session.replay))))


async def _touch_all(tx: Write, viewers: Sequence[Viewer]) -> None:
    """As `_touch`, for people whose connections last."""
    now = clock.now()
    seen = {"users": [each.user_id for each in viewers], "sessions": [each.session_id for each in viewers]}
    seen |= {"addresses": [each.address for each in viewers], "now": now, "due": now - TOUCH_AFTER}
    await tx.execute(_TOUCH_ALL, seen)


def _unauthenticated() -> ApiError:
    return ApiError("UNAUTHENTICATED", "The access token is wrong or too old, or its session has ended.")


_ACCOUNTS = """
    join users u on u.id = s.user_id join accounts a on a.user_id = s.user_id
    left join second_factors f on f.user_id = s.user_id
"""
_FACTS = """
    case when a.deletion_scheduled_for is null then u.status else 'PENDING_DELETION' end as status, a.role,
    s.proved_at, s.expires_at, s.last_active_at,
    a.created_at as joined_at, a.email_verified_at is not null as is_verified,
    f.confirmed_at is not null as has_second_factor
"""

# unguarded: who calls is judged by this, and nobody is shown it
_SESSION = Direct(
    text(
        f"""
        select {_FACTS} from sessions s {_ACCOUNTS}
        where s.user_id = :user and s.id = :session and s.ended_at is null and u.status != 'DELETED'
        """  # noqa: S608 - constants
    ).bindparams(bindparam("user", type_=Uuid), bindparam("session", type_=Uuid))
)

_IDS = (bindparam("users", type_=ARRAY(Uuid)), bindparam("sessions", type_=ARRAY(Uuid)))

# unguarded: as above
_OPEN = text(
    f"""
    select s.user_id, s.id, {_FACTS}
    from unnest(:users, :sessions) as asked (user_id, id)
    join sessions s on s.user_id = asked.user_id and s.id = asked.id
    {_ACCOUNTS}
    where s.ended_at is null and u.status != 'DELETED'
    """  # noqa: S608 - constants
).bindparams(*_IDS)

_TOUCH_ALL = text(
    """
    update sessions s
    set last_active_at = :now, address = seen.address, replay = case when s.replay_until > :now then s.replay end
    from unnest(:users, :sessions, :addresses) as seen (user_id, id, address)
    where s.user_id = seen.user_id and s.id = seen.id and s.last_active_at <= :due
    """
).bindparams(*_IDS, bindparam("addresses", type_=ARRAY(Text)))
