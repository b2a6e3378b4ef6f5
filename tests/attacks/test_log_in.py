"""Guessing passwords, from one place and from many, and keeping people out by it; nobody learns or gains anything."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core import clock
from core.backends import Backends
from core.db import Database
from core.errors import BadCredentials, RateLimited, Refusal
from core.redis import Cache
from core.settings import Settings
from core.statements import counted
from models.outbox import OutboxEntry
from services.auth import log_in
from services.auth.guesses import PACES, Guesses
from tests.api.test_auth import LOG_IN, SIGN_UP, WHO, codes
from tests.client import Client, call, serving
from tests.factories.sessions import CAFE, HOME, PASSWORD, account, enter, later

WRONG = "another password"
SIGNS_OF_LIFE = ("Ana.Lima", "ana@example.com", "nobody", "nobody@example.com")


def network(number: int) -> str:
    return f"203.0.{number // 250}.{number % 250}"


@pytest.fixture
async def limited(config: Settings) -> AsyncIterator[Backends]:
    """A process with its rate limits."""
    opened = Backends.open(config.model_copy(update={"rate_limit_factor": 1.0}))
    yield opened
    await opened.aclose()


@pytest.fixture
async def ana(db: Database, backends: Backends) -> UUID:
    """Ana, who has been seen at home."""
    user_id = await account(db)
    await enter(backends, user_id)
    return user_id


async def refused(backends: Backends, name: str, password: str, address: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await log_in.recognise(backends, name, password, address)
    return caught.value


async def fail(backends: Backends, name: str, times: int) -> None:
    """Failures from networks everywhere, without the work of as many hashes."""
    for number in range(times):
        await Guesses.of(backends, name, network(number)).count()


async def test_guessing_from_one_network_ends_after_ten(limited: Backends, ana: UUID) -> None:
    answers = [await refused(limited, "ana.lima", WRONG, f"2001:db8::{number}") for number in range(12)]

    assert [type(each) for each in answers] == [BadCredentials] * 10 + [RateLimited] * 2
    assert await log_in.recognise(limited, "ana.lima", PASSWORD, HOME) == ana


@pytest.mark.parametrize("name", SIGNS_OF_LIFE)
async def test_guessing_from_everywhere_takes_turns_whoever_it_is(limited: Backends, ana: UUID, name: str) -> None:
    await fail(limited, name, 20)

    answers = [await refused(limited, name, WRONG, network(100 + number)) for number in range(4)]

    assert [type(each) for each in answers] == [BadCredentials, RateLimited, RateLimited, RateLimited]
    waits = [each.retry_at - clock.now() for each in answers if isinstance(each, RateLimited)]
    assert all(timedelta(0) < wait <= timedelta(seconds=10) for wait in waits)


@pytest.mark.parametrize("name", SIGNS_OF_LIFE)
async def test_a_turn_is_never_more_than_a_minute_away(limited: Backends, ana: UUID, name: str) -> None:
    await fail(limited, name, 150)
    await refused(limited, name, WRONG, network(200))

    wait = await refused(limited, name, WRONG, network(201))

    assert isinstance(wait, RateLimited)
    assert wait.retry_at - clock.now() <= timedelta(minutes=1)
    with clock.frozen(wait.retry_at + timedelta(milliseconds=1)):
        assert isinstance(await refused(limited, name, WRONG, network(202)), BadCredentials)


async def test_nobody_is_kept_out_where_they_are_known(limited: Backends, ana: UUID) -> None:
    await fail(limited, "ana.lima", PACES[0][0])

    for _ in range(5):
        assert await log_in.recognise(limited, "ana.lima", PASSWORD, HOME) == ana


async def test_somewhere_else_the_right_password_waits_for_its_turn_like_a_wrong_one(
    limited: Backends, ana: UUID
) -> None:
    await fail(limited, "ana.lima", 20)
    await refused(limited, "ana.lima", WRONG, network(100))

    waits = [await refused(limited, "ana.lima", password, CAFE) for password in (PASSWORD, WRONG)]

    assert [type(each) for each in waits] == [RateLimited, RateLimited]
    with later(seconds=11):
        assert await log_in.recognise(limited, "ana.lima", PASSWORD, CAFE) == ana


async def test_under_attack_a_wrong_password_costs_the_same_for_everybody(limited: Backends, ana: UUID) -> None:
    seen = []
    for name in ("ana.lima", "nobody"):
        await fail(limited, name, 20)
        await refused(limited, name, WRONG, network(100))
        for address in (HOME, CAFE):
            with counted() as count:
                answer = await refused(limited, name, WRONG, address)
            seen.append((type(answer), answer.message, count.statements))

    assert all(each == seen[0] for each in seen)


async def test_the_owner_is_told_of_an_attack_once_a_day(limited: Backends, db: Database, ana: UUID) -> None:
    await fail(limited, "ana.lima", 19)
    await refused(limited, "ana.lima", WRONG, network(100))
    await limited.tokens.settled()
    with later(hours=3):
        await fail(limited, "ana.lima", 19)
        await refused(limited, "ana.lima", WRONG, network(100))
        await limited.tokens.settled()

    async with db.reading() as read:
        told = await read.scalars(select(OutboxEntry.payload).where(OutboxEntry.event == "LogInsFailed"))
    assert told == [{"user_id": str(ana)}]


async def test_without_redis_the_limits_are_the_same(limited: Backends, ana: UUID) -> None:
    cache = Cache.from_url("redis://127.0.0.1:1")
    alone = replace(limited, cache=cache, buckets=type(limited.buckets)(cache))

    answers = [await refused(alone, "ana.lima", WRONG, CAFE) for _ in range(11)]
    await fail(alone, "ana.lima", 10)
    await refused(alone, "ana.lima", WRONG, network(100))

    assert [type(each) for each in answers] == [BadCredentials] * 10 + [RateLimited]
    assert isinstance(await refused(alone, "ana.lima", WRONG, network(101)), RateLimited)
    assert await log_in.recognise(alone, "ana.lima", PASSWORD, HOME) == ana
    await cache.aclose()


async def test_one_password_tried_on_many_people_ends_after_ten(config: Settings) -> None:
    async with serving(config.model_copy(update={"rate_limit_factor": 1.0})) as client:
        answers = [await call(client, LOG_IN, identifier=f"person{n}", password=PASSWORD) for n in range(12)]

    assert [codes(each)[0][1] for each in answers] == ["INVALID_CREDENTIALS"] * 10 + ["RATE_LIMITED"] * 2


async def test_long_passwords_are_refused_before_they_cost_anything(api: Client, ana: UUID) -> None:
    long = await call(api, LOG_IN, identifier="ana.lima", password="x" * 200_000)
    longer = await api.send(LOG_IN, input={"identifier": "ana.lima", "password": "x" * 10_000_000})

    assert codes(long) == [("ValidationError", "TOO_LONG", ["input", "password"])]
    assert longer.status_code == 413


@pytest.mark.parametrize("typed", ["café crème à 41 lampes", "cafe\u0301 cre\u0300me a\u0300 41 lampes"])
async def test_keyboards_write_one_password_in_several_ways(api: Client, typed: str) -> None:
    about = {"email": "ben@example.com", "handle": "ben", "password": "caf\u00e9 cr\u00e8me \u00e0 41 lampes"}
    await call(api, SIGN_UP, **about)

    assert (await call(api, LOG_IN, identifier="ben", password=typed))["errors"] == []
    assert codes(await call(api, LOG_IN, identifier="ben", password=typed.upper()))


async def test_a_session_prepared_by_somebody_else_is_not_entered(api: Client, ana: UUID) -> None:
    mallory = await call(
        api, SIGN_UP, email="mallory@example.com", handle="mallory", password="yellow harbour 17 lamps"
    )
    prepared = api.signed_in(mallory["tokens"]["accessToken"])

    done = await call(prepared, LOG_IN, identifier="ana.lima", password=PASSWORD)

    assert done["session"]["id"] != mallory["session"]["id"]
    assert done["viewer"]["account"]["email"] == "ana@example.com"
    assert _tokens(done).isdisjoint(_tokens(mallory))
    assert (await prepared.ask(WHO))["viewer"]["account"]["email"] == "mallory@example.com"


def _tokens(payload: Any) -> set[str]:
    return {payload["tokens"]["accessToken"], payload["tokens"]["refreshToken"]}
