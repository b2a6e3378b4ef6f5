"""The API process that a test's operations go to."""

from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from tests.client import Client, serving


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Client]:
    """A client that is signed out."""
    async with serving(config) as client:
        yield client
