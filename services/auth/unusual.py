"""Log-ins that a person may not have done: on another device, or at another place, than they have been seen with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from core import clock
from core.buckets import network_of
from core.db import Read, Write
from core.events import UnusualLogIn
from models.auth import Session
from services import outbox

REMEMBERED_FOR: Final = timedelta(days=180)
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Trace:
    """What a session tells of who began it. `place` and `fingerprint` may be unknown."""

    device: str
    address: str
    place: str | None
    fingerprint: bytes | None


async def judge(tx: Write, user_id: UUID, session_id: UUID) -> None:
    """Tell of a session that is unlike all earlier ones of the person; the first one is like any other."""
    session, earlier = await _traces(tx, user_id, session_id)
    if session is not None and is_unusual(session, earlier):
        outbox.emit(tx, UnusualLogIn(user_id=user_id, session_id=session_id))


def is_unusual(session: Trace, earlier: Sequence[Trace]) -> bool:
    """Whether a place is new, or a device at an address that is new, too; what is unknown is no reason."""
    if not earlier:
        return False
    places = {each.place for each in earlier} - {None}
    if session.place is not None and places and session.place not in places:
        return True
    is_known_device = any(_is_same_device(session, each) for each in earlier)
    networks = {network_of(each.address) for each in earlier}
    return not is_known_device and network_of(session.address) not in networks


def _is_same_device(one: Trace, other: Trace) -> bool:
    if one.fingerprint is None or other.fingerprint is None:
        return one.device == other.device
    return one.fingerprint == other.fingerprint


async def _traces(db: Read, user_id: UUID, session_id: UUID) -> tuple[Trace | None, list[Trace]]:
    """A session, and those of half a year before it, the latest of them."""
    # unguarded: they are compared and go nowhere
    columns = select(Session.id, Session.device_name, Session.address, Session.place, Session.fingerprint)
    mine = columns.where(Session.user_id == user_id, Session.created_at > clock.now() - REMEMBERED_FOR)
    rows = await db.all(mine.where(Session.id <= session_id).order_by(Session.id.desc()).limit(MOST))
    traces = {row.id: Trace(*tuple(row)[1:]) for row in rows}
    session = traces.pop(session_id, None)
    return session, list(traces.values())
