"""The small world of a development machine is the same on every machine."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

from aperture.seed import pictures
from aperture.seed.people import EVERYBODY, LEADING
from aperture.seed.plan import WEEKS, Comment, Follow, Like, Post, plan

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_everybody_gets_the_same_world() -> None:
    assert plan(NOW) == plan(NOW)
    assert pictures.draw(Random(7)) == pictures.draw(Random(7))


def test_of_those_to_log_in_as_one_is_administrator_and_one_a_moderator() -> None:
    assert sorted(each.role for each in LEADING) == ["ADMIN", "MEMBER", "MODERATOR"]
    assert {each.role for each in EVERYBODY[len(LEADING) :]} == {"MEMBER"}


def test_it_only_ends_at_another_time() -> None:
    later = plan(NOW + timedelta(days=1))

    assert [deed for _, deed in later.deeds] == [deed for _, deed in plan(NOW).deeds]


def test_it_is_lively_and_spread_over_weeks() -> None:
    story = plan(NOW)
    kinds = Counter(type(deed) for _, deed in story.deeds)
    fans = Counter(deed.followee for _, deed in story.deeds if isinstance(deed, Follow))

    assert len(EVERYBODY) > 50
    assert all(kinds[kind] > len(EVERYBODY) for kind in (Post, Follow, Like, Comment))
    assert max(fans.values()) > 2 * sorted(fans.values())[len(fans) // 2]
    assert max(at for at, _ in story.deeds) <= NOW
    assert min(at for at, _ in story.deeds) >= NOW - timedelta(weeks=WEEKS)


def test_nobody_likes_what_is_not_there_yet() -> None:
    made: set[int] = set()
    for _, deed in plan(NOW).deeds:
        if isinstance(deed, Post):
            made.add(deed.number)
        elif isinstance(deed, Like | Comment):
            assert deed.post.number in made
