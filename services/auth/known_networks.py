"""Where a person has been seen: networks of sessions, which a password alone does not get anybody into."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from core import clock
from core.buckets import network_of
from core.db import Read
from models.auth import Session

REMEMBERED_FOR: Final = timedelta(days=90)
_AT_MOST: Final = 100


async def is_known(db: Read, user_id: UUID, address: str) -> bool:
    """Whether a session of the last ninety days was last used from the network of this address."""
    recent = Session.user_id == user_id, Session.last_active_at > clock.now() - REMEMBERED_FOR
    # unguarded: addresses are compared and go nowhere
    statement = select(Session.address).where(*recent).order_by(Session.last_active_at.desc()).limit(_AT_MOST)
    return network_of(address) in {network_of(seen) for seen in await db.scalars(statement)}
