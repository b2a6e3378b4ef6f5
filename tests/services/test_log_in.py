"""Logging in: by handle or address, with one answer for all that is wrong."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.backends import Backends
from core.db import Database
from core.errors import BadCredentials, RateLimited
from core.statements import counted
from services.auth import log_in
from tests.factories.sessions import CAFE, HOME, PASSWORD, account, later, set_status


@pytest.fixture
async def ana(db: Database) -> UUID:
    return await account(db)


@pytest.mark.parametrize(
    "name", ["ana.lima", "ANA.LIMA", "@ana.lima", " ana.lima ", "ana@example.com", "Ana@Example.COM"]
)
async def test_a_person_is_known_by_handle_or_address_in_any_case(backends: Backends, ana: UUID, name: str) -> None:
    assert await log_in.recognise(backends, name, PASSWORD, HOME) == ana


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ana.lima", "another password"),
        ("ana@example.com", "another password"),
        ("ana.lima", ""),
        ("ana.lima", PASSWORD + "\x00"),
        ("ana.lima", "x" * 10_000_000),
        ("nobody", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("", PASSWORD),
        ("%", PASSWORD),
        ("ana.l\u0131ma", PASSWORD),
        ("\u212aana", PASSWORD),
        ("ana.lima\x00", PASSWORD),
        ("\ud800", PASSWORD),
        ("x" * 1_000_000, PASSWORD),
    ],
    ids=lambda value: ascii(value[:20]),
)
async def test_wrong_name_and_wrong_password_get_one_answer(
    backends: Backends, ana: UUID, name: str, password: str
) -> None:
    with pytest.raises(BadCredentials) as caught:
        await log_in.recognise(backends, name, password, HOME)

    assert (caught.value.message, caught.value.path) == ("The name or password is wrong.", ())


async def test_an_unknown_name_costs_the_same_statements(backends: Backends, ana: UUID) -> None:
    with counted() as known, pytest.raises(BadCredentials):
        await log_in.recognise(backends, "ana.lima", "another password", HOME)
    with counted() as unknown, pytest.raises(BadCredentials):
        await log_in.recognise(backends, "nobody", "another password", HOME)

    assert known.statements == unknown.statements


async def test_a_deleted_account_is_unknown_and_a_suspended_one_is_not(backends: Backends, ana: UUID) -> None:
    await set_status(backends.db, ana, "SUSPENDED")
    assert await log_in.recognise(backends, "ana.lima", PASSWORD, HOME) == ana

    await set_status(backends.db, ana, "DELETED")
    with pytest.raises(BadCredentials):
        await log_in.recognise(backends, "ana.lima", PASSWORD, HOME)


async def test_ten_failures_from_one_address_are_enough(backends: Backends, ana: UUID) -> None:
    limited = replace(backends, settings=backends.settings.model_copy(update={"rate_limit_factor": 1.0}))
    for name in ["ana.lima", "ANA.LIMA"] * 5:
        with pytest.raises(BadCredentials):
            await log_in.recognise(limited, name, "another password", HOME)

    with pytest.raises(RateLimited):
        await log_in.recognise(limited, "ana.lima", PASSWORD, HOME)

    assert await log_in.recognise(limited, "ana.lima", PASSWORD, CAFE) == ana
    with later(minutes=31):
        assert await log_in.recognise(limited, "ana.lima", PASSWORD, HOME) == ana


async def test_moving_within_ones_own_network_gives_no_more_guesses(backends: Backends, ana: UUID) -> None:
    limited = replace(backends, settings=backends.settings.model_copy(update={"rate_limit_factor": 1.0}))
    for number in range(10):
        with pytest.raises(BadCredentials):
            await log_in.recognise(limited, "ana.lima", "another password", f"2001:db8:1:2::{number}")

    with pytest.raises(RateLimited):
        await log_in.recognise(limited, "ana.lima", "another password", "2001:db8:1:2:ffff::1")


async def test_right_passwords_use_nothing_up(backends: Backends, ana: UUID) -> None:
    limited = replace(backends, settings=backends.settings.model_copy(update={"rate_limit_factor": 1.0}))

    for _ in range(12):
        assert await log_in.recognise(limited, "ana.lima", PASSWORD, HOME) == ana
