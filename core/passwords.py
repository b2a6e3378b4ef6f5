"""Passwords: hashed with argon2id, a few at a time, and refused when everybody would guess them."""

import asyncio
import os
import re
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path as FilePath
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid, Path, Unavailable

T = TypeVar("T")

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 256
AT_ONCE: Final = 4
WAITING: Final = 60

_NICE: Final = 5

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
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


class _Threads:
    """A few threads with a short queue: whoever would wait for seconds is told at once to come back."""

    def __init__(self) -> None:
        # Each hash takes 19 MiB and about 20 ms of a core: the pool bounds both, and argon2 lets other threads run.
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password", initializer=_step_back)
        self._taken = 0

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """What the work returns; `Unavailable` if too much waits already."""
        if self._taken >= AT_ONCE + WAITING:
            raise Unavailable("Too many people log in right now. Try again in a moment.")
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        finally:
            self._taken -= 1


def _step_back() -> None:
    """Let the event loop have a core first: a hash may take a moment longer, everybody else's answer may not."""
    if sys.platform == "linux":
        # Threads have priorities of their own on Linux alone.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + _NICE)


_THREADS: Final = _Threads()


async def hash_password(password: str) -> str:
    """The hash to store, with its parameters and salt; the password is 10 to 256 characters.

    Raises `Unavailable` at once, as `verify_password` does, if more than 60 wait.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ValueError("check the password's length before hashing it")
    return await _THREADS.run(_HASHER.hash, _normal(password))


async def verify_password(password: str, stored: str | None) -> bool:
    """True if the hash is of this password. Without a hash the answer is False after the same work."""
    if len(password) > MAX_LENGTH:
        return False
    return await _THREADS.run(_verify, _normal(password), stored)


def require_good(password: str, names: Iterable[str], path: Path) -> None:
    """Refuse a new password that is too short, too long, or easy to guess by these names of the person."""
    length = len(password)
    if length < MIN_LENGTH:
        message = f"A password has at least {MIN_LENGTH} characters."
        raise Invalid("TOO_SHORT", message, path, constraint="minLength", limit=MIN_LENGTH)
    if length > MAX_LENGTH:
        message = f"A password has at most {MAX_LENGTH} characters."
        raise Invalid("TOO_LONG", message, path, constraint="maxLength", limit=MAX_LENGTH)
    if is_guessable(password, names):
        raise Invalid("INVALID", "This password is too easy to guess.", path)


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
    return frozenset(FilePath(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").split())


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
