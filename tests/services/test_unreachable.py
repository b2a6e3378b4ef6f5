"""A database that cannot be reached is unavailable, however it says so."""

import asyncio
import socket

import pytest

from core.db import Database
from core.errors import Unavailable
from core.settings import Settings


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(8)
    writer.close()


def _at(config: Settings, url: str) -> Database:
    return Database.connect(config.model_copy(update={"database_url": url}))


async def _require_unavailable(db: Database) -> None:
    try:
        with pytest.raises(Unavailable):
            async with db.reading():
                pass
        with pytest.raises(Unavailable):
            async with db.transaction():
                pass
    finally:
        await db.aclose()


async def test_a_server_that_hangs_up_in_the_middle_of_the_greeting(config: Settings) -> None:
    async with await asyncio.start_server(_hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await _require_unavailable(_at(config, f"postgresql+asyncpg://aperture@127.0.0.1:{port}/none"))


async def test_a_port_where_nobody_listens(config: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    await _require_unavailable(_at(config, f"postgresql+asyncpg://aperture@127.0.0.1:{port}/none"))


async def test_a_database_that_does_not_exist(config: Settings) -> None:
    head, query = config.database_url.split("?")
    await _require_unavailable(_at(config, f"{head.rpartition('/')[0]}/missing?{query}"))
