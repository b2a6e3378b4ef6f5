"""Pages of ids, sealed cursors, and what a page is wanted for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from core.errors import BadInput
from core.sealing import derived_keys

K = TypeVar("K")
P = TypeVar("P")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Page(Generic[K]):
    """Ids in order, each with the cursor that leads behind it."""

    ids: tuple[K, ...] = ()
    cursors: tuple[str, ...] = ()
    has_next: bool = False
    has_previous: bool = False
    end: str | None = None
    """Where to read on, if that is not behind the last id."""

    def each(self, change: Callable[[K], V]) -> "Page[V]":
        """The same page with each id changed."""
        return Page(tuple(change(one) for one in self.ids), self.cursors, self.has_next, self.has_previous, self.end)


@dataclass(frozen=True, slots=True)
class Window:
    """How many items a page has, and the cursor it starts behind."""

    first: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Filled(Generic[V]):
    """A page whose ids became things the viewer may see; hidden ones are left out and made up for.

    `end` leads behind the last item; behind the last id that was looked at, if the page stayed short all the same.
    """

    items: tuple[V, ...]
    cursors: tuple[str, ...]
    has_next: bool
    has_previous: bool
    end: str | None = None


@dataclass(frozen=True, slots=True)
class PostWant:
    """What of a post a page needs beside the post and its author; the rest is not read."""

    media: bool = False
    counts: bool = False
    flags: bool = False
    previews: bool = False
    comment_counts: bool = False


@lru_cache
def _ciphers() -> tuple[AESSIV, ...]:
    """The present cipher first, those of earlier secrets behind it."""
    return tuple(AESSIV(key) for key in derived_keys("cursors"))


def encode_cursor(scope: str, *values: Any) -> str:
    """Encrypt a position, the same way each time; `scope` names the list and whose it is: no other accepts it."""
    body = orjson.dumps(values, default=str, option=orjson.OPT_UTC_Z)
    return urlsafe_b64encode(_ciphers()[0].encrypt(body, [scope.encode()])).rstrip(b"=").decode()


def decode_cursor(scope: str, cursor: str) -> list[Any]:
    """The values behind a cursor; anything not made by `encode_cursor` for this scope raises `BadInput`."""
    for cipher in _ciphers():
        try:
            body = cipher.decrypt(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), [scope.encode()])
        except (ValueError, InvalidTag):
            continue
        values: list[Any] = orjson.loads(body)
        return values
    raise BadInput("The cursor is not of this list.")


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


_FEWEST_MORE = 10
_MOST_MORE = 100


@dataclass(slots=True)
class _Filling(Generic[P, V]):
    """A page on its way to being full."""

    parent: P
    size: int
    end: str | None
    items: list[V] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    has_next: bool = True

    @property
    def is_short(self) -> bool:
        return self.has_next and len(self.items) < self.size


async def fill(
    parents: Sequence[P],
    window: Window,
    fetch: Callable[[Sequence[tuple[P, Window]]], Awaitable[Sequence[Page[K]]]],
    load: Callable[[Sequence[K]], Awaitable[Sequence[V | None]]],
    rounds: int = 5,
) -> list[Filled[V]]:
    """One page for each parent: read ids, drop what the door hides, read on until the pages are full.

    All pages are loaded together, and each round reads twice as many ids as the one before. After `rounds` reads a
    page may stay short; it then says that more follows, so a client reads on without a gap.
    """
    pages: list[_Filling[P, V]] = [_Filling(parent, window.first, window.after) for parent in parents]
    short, count = pages, window.first
    for _ in range(rounds):
        found = await fetch([(page.parent, Window(count, page.end)) for page in short])
        loaded = iter(await load([one for page in found for one in page.ids]))
        for page, ids in zip(short, found, strict=True):
            _take(page, ids, [next(loaded) for _ in ids.ids])
        short = [page for page in short if page.is_short]
        count = max(_FEWEST_MORE, min(count * 2, _MOST_MORE))
        if not short:
            break
    has_previous = window.after is not None
    return [Filled(tuple(page.items), tuple(page.cursors), page.has_next, has_previous, page.end) for page in pages]


def _take(page: _Filling[P, V], ids: Page[K], loaded: Sequence[V | None]) -> None:
    visible = [(item, cursor) for item, cursor in zip(loaded, ids.cursors, strict=True) if item is not None]
    room = page.size - len(page.items)
    for item, cursor in visible[:room]:
        page.items.append(item)
        page.cursors.append(cursor)
    page.has_next = ids.has_next or len(visible) > room
    if page.is_short:
        page.end = ids.end or (ids.cursors[-1] if ids.cursors else page.end)
    else:
        page.end = page.cursors[-1] if page.cursors else None
