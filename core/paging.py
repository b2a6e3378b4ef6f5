"""Pages of ids, signed cursors, and what a page is wanted for."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from core.errors import BadInput
from core.settings import settings

K = TypeVar("K")
V = TypeVar("V")

_MAC_BYTES = 9


@dataclass(frozen=True, slots=True)
class Page(Generic[K]):
    """Ids in order, each with the cursor that leads behind it."""

    ids: tuple[K, ...] = ()
    cursors: tuple[str, ...] = ()
    has_next: bool = False
    has_previous: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """How many items a page has, and the cursor it starts behind."""

    first: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Filled(Generic[V]):
    """A page whose ids became things the viewer may see; hidden ones are left out and made up for."""

    items: tuple[V, ...]
    cursors: tuple[str, ...]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True, slots=True)
class PostWant:
    """What of a post a page needs beside the post and its author; the rest is not read."""

    media: bool = False
    counts: bool = False
    flags: bool = False
    previews: bool = False


@lru_cache
def _key() -> bytes:
    return hmac.digest(settings().secret_key.get_secret_value().encode(), b"cursors", "sha256")


def _mac(body: bytes, scope: str) -> bytes:
    return hmac.new(_key(), scope.encode() + b"\0" + body, sha256).digest()[:_MAC_BYTES]


def encode_cursor(scope: str, *values: Any) -> str:
    """Sign a position; `scope` names the list and whose it is, so that a cursor of another list is refused."""
    body = orjson.dumps(values, option=orjson.OPT_UTC_Z)
    return urlsafe_b64encode(_mac(body, scope) + body).rstrip(b"=").decode()


def decode_cursor(scope: str, cursor: str) -> list[Any]:
    """The values behind a cursor; anything not made by `encode_cursor` for this scope raises `BadInput`."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise BadInput("The cursor is not of this list.") from None
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, scope)):
        raise BadInput("The cursor is not of this list.")
    values: list[Any] = orjson.loads(body)
    return values


def cursor_time(value: str) -> datetime:
    """A time as it stands in a cursor."""
    return datetime.fromisoformat(value).astimezone(UTC)


def cursor_id(value: str) -> UUID:
    """An id as it stands in a cursor."""
    return UUID(value)


def page_of(rows: Sequence[K], window: Window, cursor: Callable[[K], str]) -> Page[K]:
    """The first of rows that were read with one to spare, which tells whether more follow."""
    kept = tuple(rows[: window.first])
    return Page(kept, tuple(cursor(row) for row in kept), len(rows) > window.first, window.after is not None)


async def fill(
    fetch: Callable[[Window], Awaitable[Page[K]]],
    load: Callable[[Sequence[K]], Awaitable[Sequence[V | None]]],
    window: Window,
    rounds: int = 5,
) -> Filled[V]:
    """Read ids, drop what the door hides, and read on until the page is full or `rounds` reads were made.

    A page that stays short after the last round says that more follows, so a client reads on without a gap.
    """
    items: list[V] = []
    cursors: list[str] = []
    position, has_next = window.after, True
    for _ in range(rounds):
        page = await fetch(Window(window.first - len(items), position))
        found = await load(page.ids)
        for item, cursor in zip(found, page.cursors, strict=True):
            if item is not None:
                items.append(item)
                cursors.append(cursor)
        has_next = page.has_next
        if not has_next or len(items) >= window.first:
            break
        position = page.cursors[-1]
    return Filled(tuple(items), tuple(cursors), has_next, window.after is not None)
