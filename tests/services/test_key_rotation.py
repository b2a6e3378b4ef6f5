"""One signing key follows another, and nobody is logged out by it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import jwt
import pytest
from sqlalchemy import select, update

from core.backends import Backends
from core.db import Database, Write
from core.settings import Settings
from core.tokens import TokenMemory
from models import auth as tables
from services.auth import keys, rotation
from services.auth.sessions import AuthTokens
from tests.factories.sessions import account, enter, is_let_in, later

R = TypeVar("R")


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
async def other_process(config: Settings) -> AsyncIterator[Backends]:
    opened = Backends.open(config)
    yield opened
    await opened.aclose()


async def in_minutes(backends: Backends, minutes: float, verb: Callable[[Write], Awaitable[R]]) -> R:
    """What an operator or a worker does so much later."""
    with later(minutes=minutes):
        return await backends.db.write(verb)


async def states(db: Database) -> list[str]:
    async with db.reading() as read:
        return [key.state for key in await rotation.listed(read)]


def reads_again(backends: Backends) -> Backends:
    """The same process a minute later, as far as its keys go."""
    return replace(backends, tokens=TokenMemory())


def kid(tokens: AuthTokens) -> str:
    return str(jwt.get_unverified_header(tokens.access_token)["kid"])


async def published(backends: Backends) -> set[str]:
    return {key["kid"] for key in (await keys.jwks(reads_again(backends)))["keys"]}


async def test_the_next_key_is_published_before_it_signs(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)

    made = await in_minutes(backends, 0, rotation.begin)
    await in_minutes(backends, 9, rotation.go_on)

    assert await states(backends.db) == ["NEXT", "ACTIVE"]
    assert await published(backends) == {made.kid, kid(first)}
    assert kid(await enter(reads_again(backends), ana)) == kid(first)


async def test_after_ten_minutes_it_signs_and_what_the_one_before_has_signed_still_counts(
    backends: Backends, other_process: Backends, ana: UUID
) -> None:
    first = await enter(backends, ana)
    made = await in_minutes(backends, 0, rotation.begin)
    assert await is_let_in(other_process, first)

    await in_minutes(backends, 11, rotation.go_on)

    fresh = await enter(reads_again(backends), ana)
    assert kid(fresh) == made.kid
    assert await states(backends.db) == ["ACTIVE", "RETIRED"]
    for process in (reads_again(backends), other_process):
        assert await is_let_in(process, first)
        assert await is_let_in(process, fresh)


async def test_a_process_that_has_not_heard_yet_signs_on_and_is_believed(
    backends: Backends, other_process: Backends, ana: UUID
) -> None:
    old = await enter(other_process, ana)
    await in_minutes(backends, 0, rotation.begin)
    await in_minutes(backends, 11, rotation.go_on)

    late = await enter(other_process, ana)

    assert kid(late) == kid(old)
    assert await is_let_in(reads_again(backends), late)


async def test_a_retired_key_has_no_private_half_and_goes_when_its_tokens_have(backends: Backends, ana: UUID) -> None:
    await enter(backends, ana)
    await in_minutes(backends, 0, rotation.begin)
    await in_minutes(backends, 11, rotation.go_on)

    async with backends.db.reading() as read:
        halves = await read.scalars(select(tables.SigningKey.private_key).where(tables.SigningKey.state == "RETIRED"))
    assert halves == [b""]
    await in_minutes(backends, 35, rotation.go_on)
    assert await states(backends.db) == ["ACTIVE", "RETIRED"]
    await in_minutes(backends, 37, rotation.go_on)
    assert await states(backends.db) == ["ACTIVE"]


async def test_one_key_waits_at_a_time(backends: Backends, ana: UUID) -> None:
    await enter(backends, ana)

    first, second = [await in_minutes(backends, minutes, rotation.begin) for minutes in (0, 5)]

    assert first.kid == second.kid
    assert await states(backends.db) == ["NEXT", "ACTIVE"]


async def test_the_first_key_of_all_signs_at_once(backends: Backends, ana: UUID) -> None:
    made = await in_minutes(backends, 0, rotation.begin)

    assert made.state == "ACTIVE"
    assert kid(await enter(backends, ana)) == made.kid


async def test_a_key_that_cannot_be_opened_never_signs(backends: Backends, ana: UUID) -> None:
    first = await enter(backends, ana)
    await in_minutes(backends, 0, rotation.begin)
    waiting = update(tables.SigningKey).where(tables.SigningKey.state == "NEXT")
    await backends.db.write(lambda tx: tx.execute(waiting.values(private_key=b"sealed with another secret")))

    await in_minutes(backends, 11, rotation.go_on)

    assert await states(backends.db) == ["ACTIVE"]
    assert kid(await enter(reads_again(backends), ana)) == kid(first)


async def test_when_a_key_got_out_nothing_it_has_signed_counts(
    backends: Backends, other_process: Backends, ana: UUID
) -> None:
    stolen = await enter(backends, ana)
    assert await is_let_in(other_process, stolen)

    await in_minutes(backends, 0, rotation.replace_all)
    for process in (backends, other_process):
        process.tokens.keys = replace(process.tokens.keys, read_at=-1e9)  # type: ignore[type-var]  # read long ago
        await keys.key_ring(process)

    assert not await is_let_in(other_process, stolen)
    assert await is_let_in(other_process, await enter(backends, ana))
