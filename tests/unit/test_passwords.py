"""Passwords: slow to guess, at most a few at a time, and none that everybody would try first."""

import asyncio

import pytest

from core import passwords
from core.errors import Unavailable
from core.passwords import hash_password, is_guessable, verify_password

GOOD = "violet harbour 41 lamps"


async def test_a_hash_knows_its_password_and_no_other() -> None:
    stored = await hash_password(GOOD)

    assert await verify_password(GOOD, stored)
    assert not await verify_password(GOOD + " ", stored)
    assert GOOD not in stored


async def test_the_hash_is_argon2id_with_19_mib_two_passes_and_one_lane() -> None:
    assert (await hash_password(GOOD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_two_hashes_of_one_password_differ() -> None:
    first, second = await asyncio.gather(hash_password(GOOD), hash_password(GOOD))

    assert first != second


async def test_without_a_stored_hash_no_password_is_right() -> None:
    assert not await verify_password("nobody has this password", None)


async def test_a_broken_hash_is_a_wrong_password() -> None:
    assert not await verify_password(GOOD, "$argon2id$broken")


async def test_one_text_in_two_unicode_forms_is_one_password() -> None:
    stored = await hash_password("caf\u00e9 au lait, s'il vous pla\u00eet")

    assert await verify_password("cafe\u0301 au lait, s'il vous plai\u0302t", stored)


@pytest.mark.parametrize("text", ["nul \x00 in the middle", "half of a pair \ud800", "\U0001f469\u200d\U0001f680" * 10])
async def test_odd_characters_are_characters(text: str) -> None:
    stored = await hash_password(text)

    assert await verify_password(text, stored)
    assert not await verify_password(text[:-1], stored)


@pytest.mark.parametrize("length", [0, 9, 257, 10_000_000])
async def test_other_lengths_are_not_hashed(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_THREADS", None)

    with pytest.raises(ValueError, match="length"):
        await hash_password("x" * length)


async def test_ten_megabytes_are_refused_without_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = await hash_password(GOOD)
    monkeypatch.setattr(passwords, "_THREADS", None)

    assert not await verify_password("x" * 10_000_000, stored)


async def test_whoever_would_wait_too_long_is_told_so_and_nobody_else() -> None:
    stored = await hash_password(GOOD)
    flood = [verify_password(GOOD, stored) for _ in range(passwords.AT_ONCE + passwords.WAITING + 5)]

    answers = await asyncio.gather(*flood, return_exceptions=True)

    assert answers.count(True) == passwords.AT_ONCE + passwords.WAITING
    assert [type(each) for each in answers if each is not True] == [Unavailable] * 5
    assert await verify_password(GOOD, stored)


@pytest.mark.parametrize(
    "text",
    [
        "1234567890",
        "0987654321",
        "qwertyuiop",
        "PASSWORD123!",
        "p@ssw0rd2026",
        "!!Sunshine99",
        "aaaaaaaaaaaa",
        "abababababab",
        "hunter.hunter.hunter.",
        "lkjhgfdsalkjhgfdsa",
        "correcthorsebatterystaple",
    ],
)
def test_what_everybody_tries_first_is_guessable(text: str) -> None:
    assert is_guessable(text)


@pytest.mark.parametrize("text", [GOOD, "tr0mbone-Kettle-8", "ワインと港の夜の猫たち", "nine5 lamps of ana.lima burn"])
def test_what_takes_effort_is_not(text: str) -> None:
    assert not is_guessable(text, ("ana.lima", "ana@example.com", "ana"))


@pytest.mark.parametrize("text", ["ana.lima2026", "ANA.LIMA!!", "xxana@example.com"])
def test_little_more_than_a_name_is_guessable(text: str) -> None:
    assert is_guessable(text, ("ana.lima", "ana@example.com", "ana"))
