"""Questions, and the loaders of one operation that remember their answers."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from aiodataloader import DataLoader

from core.backends import Backends
from core.db import Read
from core.viewer import Viewer

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom, and how fresh, a question is asked."""

    backends: Backends
    viewer: Viewer
    is_fresh: bool = False

    def reading(self) -> AbstractAsyncContextManager[Read]:
        """A short connection for one batch; fresh ones see every committed write."""
        return self.backends.db.reading(fresh=self.is_fresh)


Question = Callable[[Scope, Sequence[K]], Awaitable[Sequence[V]]]


@dataclass(slots=True)
class Hits:
    """How many keys were asked for, and how many of them had to be read."""

    asked: int = 0
    read: int = 0

    @property
    def count(self) -> int:
        """Answers that were known already: read before, primed, or asked for twice at once."""
        return self.asked - self.read


_hits: ContextVar[Hits | None] = ContextVar("loader_hits", default=None)


@contextmanager
def hits() -> Iterator[Hits]:
    """Count what loaders are asked for inside, in all tasks started there."""
    count = Hits()
    token = _hits.set(count)
    try:
        yield count
    finally:
        _hits.reset(token)


class Loaders:
    """One per operation, replaced after each write and for each pushed event: an old one remembers too much."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._loaders: dict[Any, DataLoader[Any, Any]] = {}

    async def load(self, question: Question[K, V], keys: Sequence[K]) -> list[V]:
        """The answers in the order of the keys; keys asked for at the same time go into one batch."""
        if not keys:
            return []
        if count := _hits.get():
            count.asked += len(keys)
        return list(await self._loader(question).load_many(keys))

    async def one(self, question: Question[K, V], key: K) -> V:
        """The answer for one key; only for fields that are never below a list."""
        return (await self.load(question, [key]))[0]

    def prime(self, question: Question[K, V], found: Mapping[K, Any]) -> None:
        """Remember answers that came along with something else."""
        loader = self._loader(question)
        for key, value in found.items():
            loader.prime(key, value)

    def _loader(self, question: Question[K, V]) -> "DataLoader[K, V]":
        if question not in self._loaders:

            async def batch(keys: list[K]) -> list[V]:
                if count := _hits.get():
                    count.read += len(keys)
                return list(await question(self.scope, keys))

            self._loaders[question] = DataLoader(batch)
        return self._loaders[question]
