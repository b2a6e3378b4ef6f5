"""The browser: one for all tests of this folder, a page of its own for each, and a small world to look at."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.browser import chromium
from tests.browser.chromium import Browser, Page
from tests.devices import Device
from tests.live import Live


@dataclass(frozen=True)
class LiveApp:
    """A development server, and whom GraphiQL offers to speak as: the first follows somebody who has posted."""

    base_url: str
    people: list[Device]


@pytest.fixture(scope="session")
def live_app(installation: Live) -> Iterator[LiveApp]:
    installation.heal()
    with ExitStack() as stack:
        ana, ben, cleo = (stack.enter_context(Device(installation.base_url, name)) for name in ("ana", "ben", "cleo"))
        ana.follow(cleo)
        ben.comment(published(installation, cleo), "What a light!")
        people = [{"handle": each.handle, "password": each.password, "token": each.token} for each in (ana, ben, cleo)]
        installation.site.people_file.write_text(json.dumps(people))
        yield LiveApp(installation.base_url, [ana, ben, cleo])


def published(installation: Live, author: Device) -> str:
    post = author.publish(author.upload())
    installation.await_rest()
    return post


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
