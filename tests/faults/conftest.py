"""An installation that is whole before each test and is made whole after it, and people of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.devices import Device
from tests.live import Live

SignUp = Callable[[str], Device]


@pytest.fixture
def live(installation: Live) -> Iterator[Live]:
    """Every part may be killed and paused: the next test finds all of them well.

    Whatever happens to one part is foreseen by the others: none of them may log a fault.
    """
    installation.heal()
    before = len(installation.errors())
    yield installation
    installation.restore()
    assert installation.errors()[before:] == []


@pytest.fixture
def sign_up(live: Live) -> Iterator[SignUp]:
    """Gives a new person a device."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(Device(live.base_url, name))


@pytest.fixture
def circle(live: Live, sign_up: SignUp) -> list[Device]:
    """Three people who all follow each other, and all that follows from it done."""
    people = [sign_up(name) for name in ("ana", "ben", "cleo")]
    for each in people:
        each.follow(*(other for other in people if other is not each))
    live.await_rest()
    return people


@pytest.fixture
def posts(live: Live, circle: list[Device]) -> list[str]:
    """A published post by each of them."""
    posts = [each.publish(each.upload()) for each in circle]
    live.await_rest()
    return posts
