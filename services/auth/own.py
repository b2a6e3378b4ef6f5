"""The sessions of a person, as that person sees them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select, tuple_

from core.db import Read
from core.ids import SessionId
from core.paging import Page, Window, cursor_id, cursor_time, decode_cursor, encode_cursor, page_of
from core.viewer import Viewer
from models.auth import Session
from services.auth.sessions import still_open

# unguarded: sessions are shown to their owner alone
_SHOWN: Final = (
    Session.user_id,
    Session.id,
    Session.device_name,
    Session.platform,
    Session.app_version,
    Session.place,
    Session.address,
    Session.log_in_method,
    Session.created_at,
    Session.last_active_at,
    Session.expires_at,
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as its owner sees it."""

    id: SessionId
    device_name: str
    platform: str
    app_version: str | None
    place: str | None
    address: str
    log_in_method: str
    created_at: datetime
    last_active_at: datetime
    expires_at: datetime


async def own_sessions(db: Read, viewer: Viewer, sessions: Iterable[SessionId]) -> Mapping[SessionId, SessionRow]:
    """Those of the sessions that are the viewer's own and open."""
    wanted = [session.id for session in sessions if session.user_id == viewer.id]
    if not wanted:
        return {}
    own = Session.user_id == viewer.user_id, Session.id.in_(wanted)
    rows = await db.all(select(*_SHOWN).where(*own, *still_open()))
    found = (SessionRow(SessionId(row.user_id, row.id), *tuple(row)[2:]) for row in rows)
    return {session.id: session for session in found}


async def page_of_sessions(db: Read, viewer: Viewer, window: Window) -> Page[SessionId]:
    """The viewer's own open sessions, the most recently active first.

    One that becomes active while pages are read moves to the front: it may come twice, and hides no other.
    """
    scope = f"sessions:{viewer.user_id}"
    statement = select(Session.id, Session.last_active_at).where(Session.user_id == viewer.user_id, *still_open())
    if window.after is not None:
        statement = statement.where(_behind(*decode_cursor(scope, window.after)))
    latest = statement.order_by(Session.last_active_at.desc(), Session.id.desc())
    page = page_of(
        await db.all(latest.limit(window.first + 1)),
        window,
        lambda row: encode_cursor(scope, row.last_active_at, row.id),
    )
    return page.each(lambda row: SessionId(viewer.user_id, row.id))


def _behind(moment: Any, tie: Any) -> ColumnElement[bool]:
    return tuple_(Session.last_active_at, Session.id) < (cursor_time(moment), cursor_id(tie))
