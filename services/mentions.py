"""Whom a text mentions: found when it is written, so that a handle that changes hands leads nobody astray."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from core.db import Read
from core.ids import UserId
from core.viewer import Viewer
from models.privacy import PrivacySetting
from models.profiles import Handle
from services import handles, permissions
from services.text import mentioned_handles
from services.visibility import profiles


async def resolve(db: Read, writer: Viewer, *texts: str | None) -> dict[str, str]:
    """The people whom texts mention, as handle in lower case to global id.

    Unknown handles are left out, and so is who does not want to be mentioned by the writer: that is no error, the
    handle stays plain text. Two statements, however many people there are.
    """
    mentioned = mentioned_handles(texts)
    named = await _named(db, mentioned) if mentioned else ()
    seen = await profiles.users(db, writer, {row.user_id for row in named})
    return {
        row.handle: str(UserId(row.user_id))
        for row in named
        if row.user_id in seen and permissions.may_mention(seen[row.user_id], row.audience or "EVERYONE") is None
    }


def people(mentions: Mapping[str, str]) -> list[UUID]:
    """The ids of mentioned people."""
    return [UserId.parse(one).id for one in mentions.values()]


async def _named(db: Read, mentioned: list[str]) -> Sequence[Row[Any]]:
    """Who has these handles, and whom they let mention them."""
    held = select(Handle.handle, Handle.user_id).where(Handle.handle.in_(mentioned), handles.is_held())
    # A cluster reads the handles where they are, and only then asks the people's shards.
    holders = held.cte("holders").prefix_with("materialized", dialect="postgresql")
    chosen = select(holders.c.handle, holders.c.user_id, PrivacySetting.mention_audience.label("audience"))
    return await db.all(chosen.outerjoin_from(holders, PrivacySetting, PrivacySetting.user_id == holders.c.user_id))
