"""Signing keys: one for all processes, made at first use, published without their private half."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import jwt
import pytest
from sqlalchemy import func, select, update

from core.backends import Backends
from core.db import Database
from core.errors import ApiError
from core.ids import SessionId
from core.settings import Settings
from core.statements import counted
from core.tokens import SigningKey, TokenMemory, issue_access
from models import auth as tables
from services.auth import gate, keys
from services.auth.sessions import AuthTokens
from tests.factories.sessions import (
    HOME,
    account,
    enter,
    is_let_in,
)


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.fixture
async def other_process(config: Settings) -> AsyncIterator[Backends]:
    opened = Backends.open(config)
    yield opened
    await opened.aclose()


async def test_processes_that_start_at_once_agree_on_one_key(backends: Backends, other_process: Backends) -> None:
    found = await asyncio.gather(*(keys.signing_key(each) for each in [backends, other_process] * 3))

    assert len({key.kid for key in found}) == 1
    async with backends.db.reading() as read:
        assert await read.scalar(select(func.count()).select_from(tables.SigningKey)) == 1


async def test_a_token_of_one_process_works_in_another_that_read_its_keys_before(
    backends: Backends, other_process: Backends, ana: UUID
) -> None:
    await keys.key_ring(other_process)
    assert not other_process.tokens.keys.public  # type: ignore[union-attr]  # read just now
    tokens = await enter(backends, ana)
    other_process.tokens.keys = replace(other_process.tokens.keys, read_at=-1e9)  # type: ignore[type-var]

    assert await is_let_in(other_process, tokens)


async def test_unknown_keys_do_not_make_a_process_ask_again_and_again(backends: Backends, ana: UUID) -> None:
    await keys.signing_key(backends)
    stranger = issue_access(SigningKey.new(), SessionId(ana, uuid4()))[0]

    with counted() as count:
        for _ in range(5):
            with pytest.raises(ApiError, match="token"):
                await gate.authenticate(backends, stranger, HOME)

    assert len(count) == 0


async def test_the_private_half_is_stored_sealed(backends: Backends) -> None:
    key = await keys.signing_key(backends)

    async with backends.db.reading() as read:
        row = await read.first(select(tables.SigningKey.private_key, tables.SigningKey.public_key))

    assert row is not None
    assert row.public_key == key.public
    assert key.private.private_bytes_raw() not in row.private_key


async def test_a_key_that_cannot_be_opened_retires_and_its_tokens_still_count(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)
    await backends.db.write(
        lambda tx: tx.execute(update(tables.SigningKey).values(private_key=b"sealed with another secret"))
    )
    restarted = replace(backends, tokens=TokenMemory())

    fresh = await enter(restarted, ana)

    assert await is_let_in(restarted, fresh)
    assert await is_let_in(restarted, tokens)
    assert _kid(fresh) != _kid(tokens)


async def test_the_published_set_holds_every_key(backends: Backends, ana: UUID) -> None:
    tokens = await enter(backends, ana)

    published = await keys.jwks(backends)

    assert [key["kid"] for key in published["keys"]] == [_kid(tokens)]


def _kid(tokens: AuthTokens) -> str:
    return str(jwt.get_unverified_header(tokens.access_token)["kid"])
