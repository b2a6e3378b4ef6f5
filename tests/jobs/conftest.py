"""A worker's connections, for tests that play the worker's parts one by one."""

from collections.abc import AsyncIterator

import pytest
import structlog

from aperture.worker import job_context
from core.settings import Settings
from jobs.base import JobContext


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """Errors in one line: what the library shows by default takes a tenth of a second each."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.stdlib.LoggerFactory()
    )


@pytest.fixture
async def ctx(config: Settings) -> AsyncIterator[JobContext]:
    """What a worker of this test may reach."""
    async with job_context(config) as opened:
        yield opened
