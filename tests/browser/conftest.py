"""The browser: one for all tests of this folder, and a page of its own for each."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.browser import chromium
from tests.browser.chromium import Browser, Page


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    if chromium.program() is None and os.environ.get("CI") != "true":
        pytest.skip("No Chromium here: apt-get install chromium")
    async with chromium.running(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with browser.page() as opened:
        yield opened
