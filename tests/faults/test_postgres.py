"""PostgreSQL may stop or die: plain answers that say when to try again, and afterwards each write is there once."""

import time
from collections import Counter

import httpx2
import pytest

from tests.devices import POST, Again, Device
from tests.faults.conftest import SignUp
from tests.faults.listening import Listener, home_listener
from tests.faults.load import Load
from tests.faults.truth import author_of, require_whole
from tests.live import RECOVERY_SECONDS, Live, kill
from tests.waiting import eventually

AWAY_SECONDS = 10


def test_stopped_for_ten_seconds_it_loses_and_doubles_nothing(
    live: Live, sign_up: SignUp, circle: list[Device], posts: list[str]
) -> None:
    passer_by = sign_up("dora")
    with home_listener(live, circle[0]) as home:
        with Load(circle, posts) as load:
            load.go_on()
            live.postgres.stop()
            back = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < back:
                require_plain_answers(live, passer_by, posts[0])
            live.postgres.start()
            eventually(lambda: health(live, "ready") == 200, RECOVERY_SECONDS)
            load.go_on(24)
        require_whole(live, load.actors, posts)
        require_all_told(home, [post for each in load.actors[1:] for post in each.posts])
        assert home.closes == []

    assert {reason for each in circle for reason in each.repeats} == {"UNAVAILABLE"}


def test_killed_it_loses_and_doubles_nothing(live: Live, circle: list[Device], posts: list[str]) -> None:
    with home_listener(live, circle[0]) as home:
        with Load(circle, posts) as load:
            load.go_on()
            kill(live.postgres)
            live.postgres.start()
            load.go_on(24)
        require_whole(live, load.actors, posts)
        require_all_told(home, [post for each in load.actors[1:] for post in each.posts])

    assert {reason for each in circle for reason in each.repeats} == {"UNAVAILABLE"}


def require_plain_answers(live: Live, device: Device, post: str) -> None:
    """What a program and a load balancer are told while PostgreSQL is away."""
    with pytest.raises(Again, match="UNAVAILABLE"):
        device.try_to_ask(POST, id=post)
    assert (health(live, "live"), health(live, "ready")) == (200, 503)


def require_all_told(home: Listener, published: list[str]) -> None:
    """One event for each post of somebody else, and nothing besides."""
    home.until(len(published))
    authors = [event["hint"]["authors"][0]["id"] for event in home.events]
    assert Counter(authors) == Counter(map(author_of, published))


def health(live: Live, page: str) -> int:
    return httpx2.get(f"{live.base_url}/health/{page}", timeout=10).status_code
