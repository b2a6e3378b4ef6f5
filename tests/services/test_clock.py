"""Following the database's clock for as long as a process lives."""

import asyncio

import pytest
from sqlalchemy.engine import make_url

from aperture import api
from core.backends import Backends
from core.ending import end
from core.errors import Unavailable
from core.settings import Settings


async def test_a_database_that_refuses_us_is_asked_again(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = make_url(config.database_url).set(database="being_restored").render_as_string(hide_password=False)
    backends = Backends.open(config.model_copy(update={"database_url": missing}))
    with pytest.raises(Unavailable):
        await backends.db.measure_clock()
    monkeypatch.setattr(api, "CLOCK_SECONDS", 0.01)

    following = asyncio.create_task(api._follow_clock(backends))
    ended, _ = await asyncio.wait({following}, timeout=0.5)
    await end(following)
    await backends.aclose()

    assert not ended
