"""Whom a text mentions: found when it is written, so that a handle that changes hands leads nobody astray."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from core.db import Read
from core.ids import UserId
from models.profiles import Handle
from services import handles
from services.text import mentioned_handles


async def resolve(db: Read, *texts: str | None) -> dict[str, str]:
    """The people that texts mention, as handle in lower case to global id; unknown handles are left out."""
    mentioned = mentioned_handles(texts)
    if not mentioned:
        return {}
    held = select(Handle.handle, Handle.user_id).where(Handle.handle.in_(mentioned), handles.is_held())
    rows = await db.all(held)
    return {row.handle: str(UserId(row.user_id)) for row in rows}


def people(mentions: Mapping[str, str]) -> list[UUID]:
    """The ids of mentioned people."""
    return [UserId.parse(one).id for one in mentions.values()]
