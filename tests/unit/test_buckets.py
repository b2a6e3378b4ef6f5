"""Rate limits: the same answers from Redis and from this process."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from core import buckets, clock
from core.buckets import Buckets, Claim, Standing, network_of
from core.redis import Cache

# Begins a window of every length used here.
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["shared", "local"])
async def limits(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Buckets]:
    cache = Cache.from_url(redis_url if request.param == "shared" else "redis://127.0.0.1:1")
    yield Buckets(cache)
    await cache.aclose()


@pytest.fixture
def at() -> "Clock":
    return Clock()


class Clock:
    """Takes claims at a number of seconds after the start, and tells answers in the same measure."""

    async def take(self, limits: Buckets, seconds: float, *claims: Claim, dry_run: bool = False) -> float | None:
        with clock.frozen(START + timedelta(seconds=seconds)):
            retry_at = await limits.take(claims, dry_run=dry_run)
        return None if retry_at is None else (retry_at - START).total_seconds()


async def test_one_below_the_limit_passes_and_one_above_is_refused(limits: Buckets, at: Clock) -> None:
    claim = Claim("usr_a/like", limit=3, window=60)

    answers = [await at.take(limits, 10, claim) for _ in range(4)]

    assert answers[:3] == [None, None, None]
    assert answers[3] is not None


async def test_the_moment_it_names_is_the_first_that_succeeds(limits: Buckets, at: Clock) -> None:
    claim = Claim("usr_a/like", limit=4, window=60)
    for second in (0, 20, 40, 59):
        assert await at.take(limits, second, claim) is None

    retry_at = await at.take(limits, 59, claim)

    assert retry_at == 75
    assert await at.take(limits, 74.9, claim, dry_run=True) is not None
    assert await at.take(limits, 75, claim) is None


async def test_the_window_before_counts_by_the_part_still_in_reach(limits: Buckets, at: Clock) -> None:
    claim = Claim("usr_a/like", limit=10, window=60)
    for _ in range(10):
        await at.take(limits, 30, claim)

    granted = [await at.take(limits, 90, claim) for _ in range(6)]

    assert granted[:5] == [None] * 5
    assert granted[5] == 96


async def test_after_two_windows_everything_is_forgotten(limits: Buckets, at: Clock) -> None:
    claim = Claim("usr_a/like", limit=2, window=60)
    await at.take(limits, 0, claim)
    await at.take(limits, 0, claim)

    assert [await at.take(limits, 120, claim) for _ in range(3)][:2] == [None, None]


async def test_either_all_claims_are_counted_or_none(limits: Buckets, at: Clock) -> None:
    wide, narrow = Claim("usr_a/all", limit=5, window=60), Claim("usr_a/like", limit=1, window=60)
    await at.take(limits, 0, narrow)

    refused = [await at.take(limits, 1, wide, narrow) for _ in range(10)]

    assert None not in refused
    assert [await at.take(limits, 2, wide) for _ in range(6)].count(None) == 5


async def test_the_latest_of_several_refusals_is_named(limits: Buckets, at: Clock) -> None:
    minute, hour = Claim("usr_a/minute", limit=1, window=60), Claim("usr_a/hour", limit=1, window=3600)
    await at.take(limits, 0, minute, hour)

    assert await at.take(limits, 1, minute, hour) == 7200


async def test_a_dry_run_counts_nothing(limits: Buckets, at: Clock) -> None:
    claim = Claim("usr_a/like", limit=1, window=60)

    assert await at.take(limits, 0, claim, dry_run=True) is None
    assert await at.take(limits, 0, claim) is None
    assert await at.take(limits, 0, claim, dry_run=True) is not None


async def test_costs_add_up(limits: Buckets, at: Clock) -> None:
    spent = Claim("usr_a/cost", limit=100, window=60, cost=60)
    rest, more = Claim("usr_a/cost", limit=100, window=60, cost=40), Claim("usr_a/cost", limit=100, window=60)

    assert await at.take(limits, 0, spent) is None
    assert await at.take(limits, 0, spent) is not None
    assert await at.take(limits, 0, rest) is None
    assert await at.take(limits, 0, more) is not None


async def test_what_can_never_fit_is_refused_for_a_window(limits: Buckets, at: Clock) -> None:
    assert await at.take(limits, 7, Claim("usr_a/none", limit=0, window=60)) == 67
    assert await at.take(limits, 7, Claim("usr_a/cost", limit=10, window=60, cost=11)) == 67


async def test_of_several_groups_each_is_counted_or_refused_by_itself(limits: Buckets, at: Clock) -> None:
    operation, calls = Claim("usr_a/operation", limit=3, window=60), Claim("usr_a/feed", limit=1, window=60)

    with clock.frozen(START):
        answers = [await limits.take_each([[operation], [], [calls]]) for _ in range(4)]

    assert [[each is None for each in answer] for answer in answers] == [
        [True, True, True],
        [True, True, False],
        [True, True, False],
        [False, True, False],
    ]


async def test_without_the_first_group_no_other_is_counted(limits: Buckets, at: Clock) -> None:
    spent, calls = Claim("usr_a/operation", limit=0, window=60), Claim("usr_a/feed", limit=1, window=60)

    with clock.frozen(START):
        await limits.take_each([[spent], [calls]])

    assert await at.take(limits, 0, calls) is None


async def test_no_claims_are_granted(limits: Buckets, at: Clock) -> None:
    assert await at.take(limits, 0) is None


async def test_subjects_do_not_share_their_uses(limits: Buckets, at: Clock) -> None:
    assert await at.take(limits, 0, Claim("usr_a/like", limit=1, window=60)) is None
    assert await at.take(limits, 0, Claim("usr_b/like", limit=1, window=60)) is None


async def test_both_ways_of_counting_agree(redis_url: str, at: Clock) -> None:
    shared, away = Cache.from_url(redis_url), Cache.from_url("redis://127.0.0.1:1")
    here, there = Buckets(away), Buckets(shared)
    claim = Claim("usr_a/like", limit=7, window=10)

    for tenth in range(400):
        second = tenth * 0.37
        assert await at.take(here, second, claim) == await at.take(there, second, claim)

    await shared.aclose()
    await away.aclose()


async def test_a_process_alone_remembers_a_bounded_number_of_keys(at: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "REMEMBERED", 10)
    away = Cache.from_url("redis://127.0.0.1:1")
    limits = Buckets(away)

    for number in range(100):
        await at.take(limits, 0, Claim(f"usr_{number}/like", limit=1, window=60))

    assert len(limits._local) == 10
    assert await at.take(limits, 0, Claim("usr_99/like", limit=1, window=60)) is not None
    await away.aclose()


async def test_claims_of_one_subject_live_in_one_slot_and_expire(redis_url: str, at: Clock) -> None:
    cache = Cache.from_url(redis_url)

    await at.take(Buckets(cache), 0, Claim("usr_a/like", limit=1, window=60), Claim("usr_a/all", limit=9, window=5))

    async with cache.calls() as redis:
        keys = sorted(await redis.keys("*"))
        lifetimes = [await redis.pttl(key) for key in keys]
    assert keys == [b"rate:{usr_a}/all", b"rate:{usr_a}/like"]
    assert 0 < lifetimes[0] <= 10_000 < lifetimes[1] <= 120_000
    await cache.aclose()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::8", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::8", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_subscriber_of_many_addresses_is_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_a_standing_tells_what_is_used_and_when_that_is_forgotten(limits: Buckets) -> None:
    claim = Claim("usr_standing/points", limit=10, window=60, cost=4)

    with clock.frozen(START):
        before = await limits.standings([claim])
        await limits.take([claim])
    with clock.frozen(START + timedelta(seconds=90)):
        after = await limits.standings([claim, Claim("usr_standing/other", limit=1, window=60)])

    assert before == [Standing(0, START)]
    assert [each.used for each in after] == [2, 0]
    assert after[0].resets_at == START + timedelta(seconds=120)
    assert await limits.standings([]) == []
