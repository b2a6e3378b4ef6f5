"""Passwords: hashed with argon2id, a few at a time, and refused when everybody would guess them."""

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 256
AT_ONCE: Final = 4

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
# Each hash takes 19 MiB and about 20 ms of a core: the pool bounds both, and argon2 lets other threads run.
_THREADS: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
_ROWS: Final = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "abcdefghijklmnopqrstuvwxyz",
)
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_FEW_CHARACTERS: Final = 3
_SHORT_NAME: Final = 4


async def hash_password(password: str) -> str:
    """The hash to store, with its parameters and salt; the password is 10 to 256 characters."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ValueError("check the password's length before hashing it")
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, _normal(password))


async def verify_password(password: str, stored: str | None) -> bool:
    """True if the hash is of this password. Without a hash the answer is False after the same work."""
    if len(password) > MAX_LENGTH:
        return False
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _verify, _normal(password), stored)


def is_guessable(password: str, names: Iterable[str] = ()) -> bool:
    """True for passwords of the common lists, for simple patterns, and for those built around one of the names."""
    plain = unicodedata.normalize("NFKC", password).lower()
    if len(set(plain)) <= _FEW_CHARACTERS or plain in _common() or _repeats(plain) or _follows_keys(plain):
        return True
    word = _letters(plain)
    return not _common().isdisjoint({word, word.translate(_LEET)}) or any(
        _is_around(plain, name.lower()) for name in names
    )


def _verify(password: bytes, stored: str | None) -> bool:
    try:
        _HASHER.verify(stored or _decoy(), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _decoy() -> str:
    """What a password is compared with where there is no account, so that both take the same time."""
    return _HASHER.hash("nobody has this password")


def _normal(password: str) -> bytes:
    """One form for what keyboards write in several; lone surrogates are bytes like any others."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _common() -> frozenset[str]:
    """Well-known passwords, and words that stay well known with digits and signs around them."""
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())


def _letters(text: str) -> str:
    """The word that is left without the digits and signs at both ends."""
    return re.sub(r"^[^a-z]+|[^a-z]+$", "", text)


def _repeats(text: str) -> bool:
    """True for `abcabcabcabc` and the like."""
    return text in (text + text)[1:-1]


def _follows_keys(text: str) -> bool:
    """True if it only walks along the alphabet, the digits or a row of keys, in either direction."""
    lines = [line * 3 for row in _ROWS for line in (row, row[::-1])]
    return any(text in line for line in lines)


def _is_around(text: str, name: str) -> bool:
    """True if little more than the name stands in it."""
    return len(name) >= _SHORT_NAME and name in text and len(text) - len(name) < MIN_LENGTH - _SHORT_NAME
