"""What all tables hold, to prove that a refusal left nothing behind."""

from collections.abc import Mapping

from sqlalchemy import select

from core.db import Database
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
