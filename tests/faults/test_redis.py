"""Redis may die, be emptied and freeze: everything goes on, and nothing that was confirmed depends on it."""

import time
from collections import Counter

from tests.devices import POST, Device
from tests.faults.listening import Listener, home_listener, post_listener
from tests.faults.load import Load
from tests.faults.truth import author_of, require_whole
from tests.live import Live, kill, paused
from tests.waiting import eventually

FROZEN_SECONDS = 5


def test_killed_and_emptied_it_takes_nothing_along(live: Live, circle: list[Device], posts: list[str]) -> None:
    ana, ben, _ = circle

    with home_listener(live, ana) as home, post_listener(live, ben, posts[2]) as news:
        with Load(circle, posts) as load:
            home.until(1)
            kill(live.valkey)
            live.valkey.forget()
            load.go_on(24)
            home.cut()
            news.cut()
            live.valkey.start()
            load.go_on(24)
        require_whole(live, load.actors, posts)
        theirs = [post for each in load.actors[1:] for post in each.posts]
        home.until(len(theirs))
        require_counts_told(news, ben.look_at(POST, posts[2]))

    assert {event["__typename"] for event in home.events} == {"HomeFeedNewPostsEvent"}
    assert Counter(event["hint"]["authors"][0]["id"] for event in home.events) == Counter(map(author_of, theirs))
    assert not any(each.repeats for each in circle)


def test_frozen_it_holds_no_request_beyond_five_seconds(live: Live, circle: list[Device], posts: list[str]) -> None:
    with Load(circle, posts) as load:
        load.go_on()
        with paused(live.valkey):
            thawing = time.monotonic() + FROZEN_SECONDS
            while time.monotonic() < thawing:
                load.go_on(1)
        load.go_on()

    require_whole(live, load.actors, posts)
    assert not any(each.repeats for each in circle)


def require_counts_told(news: Listener, post: dict[str, int]) -> None:
    """The last event of a burst tells the counts as they stay."""
    counts = {name: post[name] for name in ("likeCount", "commentCount")}
    eventually(lambda: news.events[-1]["post"] == counts)
