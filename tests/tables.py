"""What the tables hold: everything, to prove that a refusal left nothing behind, and what was told."""

from collections.abc import Mapping

from sqlalchemy import func, select

from core.db import Database
from models.outbox import OutboxEntry
from models.registry import metadata

Content = Mapping[str, frozenset[str]]

_OF_THE_SYSTEM = {"sessions", "signing_keys", "epochs", "periodic"}
"""What changes without anybody asking for it."""


async def content(db: Database) -> Content:
    """Every row of every table that people's actions change."""
    found = {}
    async with db.reading(fresh=True) as read:
        for name, table in metadata.tables.items():
            if name not in _OF_THE_SYSTEM:
                found[name] = frozenset(str(row) for row in await read.all(select(table)))
    return found


async def facts(db: Database, event: str) -> int:
    """How many events of this name were told."""
    async with db.reading(fresh=True) as read:
        return int(await read.scalar(select(func.count()).where(OutboxEntry.event == event)))
