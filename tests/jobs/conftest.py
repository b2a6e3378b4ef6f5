"""A worker's connections, for tests that play the worker's parts one by one."""

from collections.abc import AsyncIterator

import pytest

from aperture.worker import job_context
from core.settings import Settings
from jobs.base import JobContext


@pytest.fixture
async def ctx(config: Settings) -> AsyncIterator[JobContext]:
    """What a worker of this test may reach."""
    async with job_context(config) as opened:
        yield opened
