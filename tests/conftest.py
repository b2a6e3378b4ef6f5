"""What all tests share: the servers of the session, connections to them, and two people."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.backends import Backends
from core.db import Database
from core.settings import Settings, settings
from core.viewer import Viewer
from tests.factories.people import person

pytest_plugins = ["tests.servers", "tests.live", "tests.providers", "tests.workers"]

os.environ.setdefault("APERTURE_ENVIRONMENT", "test")
os.environ.setdefault("APERTURE_SECRET_KEY", "a secret of the tests, long enough")
os.environ.setdefault("DATABASE_URL", "postgresql://nowhere/none")
os.environ.setdefault("REDIS_URL", "redis://nowhere")


@pytest.fixture
def config(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of a process that uses the session's servers and a folder of the test's own.

    It has no rate limits, and sheds no load: the machine may be busy with something else.
    """
    values = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "APERTURE_MAIL_FOLDER": str(tmp_path / "letterbox"),
        "APERTURE_STORAGE_PATH": str(tmp_path / "objects"),
        "APERTURE_RATE_LIMIT_FACTOR": "0",
        "APERTURE_LIMITS": '{"patience_seconds": 60}',
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


@pytest.fixture
async def backends(config: Settings) -> AsyncIterator[Backends]:
    """Connections of a process."""
    opened = Backends.open(config)
    yield opened
    await opened.aclose()


@pytest.fixture
def db(backends: Backends) -> Database:
    """The database of the test."""
    return backends.db


@pytest.fixture
async def ana(db: Database) -> Viewer:
    """Ana, about whom nothing is special."""
    return await person(db, "ana")


@pytest.fixture
async def ben(db: Database) -> Viewer:
    """Ben, who is a stranger to Ana."""
    return await person(db, "ben")
