"""Questions, and the loaders of one operation that remember their answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from core import own_writes
from core.backends import Backends
from core.db import Read
from core.viewer import Viewer
from services.visibility.witness import WatchedViewer

PATIENCE_SECONDS: Final = 0.02

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom, and how fresh, a question is asked."""

    backends: Backends
    viewer: Viewer
    is_fresh: bool = False
    _written: dict[str, int] = field(default_factory=dict, init=False, compare=False)

    def reading(self) -> AbstractAsyncContextManager[Read]:
        """A short connection for one batch; fresh ones see every committed write, others at least the viewer's own."""
        db = self.backends.db
        if self.is_fresh or not db.has_replica:
            return db.reading(fresh=self.is_fresh)
        return self._reading()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Read]:
        viewer = self.viewer.own if isinstance(self.viewer, WatchedViewer) else self.viewer
        backends = self.backends
        if "position" not in self._written:
            self._written["position"] = await own_writes.position(backends.db, backends.cache, viewer.id)
        async with backends.db.reading(after=self._written["position"]) as read:
            yield read


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
        self._answers: dict[Any, _Answers[Any, Any]] = {}
        self._gate = _Gate()

    async def load(self, question: Question[K, V], keys: Sequence[K]) -> list[V]:
        """The answers in the order of the keys; keys asked for at the same time go into one batch."""
        if count := _hits.get():
            count.asked += len(keys)
        return await self._of(question).to(keys) if keys else []

    async def one(self, question: Question[K, V], key: K) -> V:
        """The answer for one key; only for fields that are never below a list."""
        return (await self.load(question, [key]))[0]

    def prime(self, question: Question[K, V], found: Mapping[K, Any]) -> None:
        """Remember answers that came along with something else; what is known already stays."""
        answers = self._of(question)
        answers.known = {**found, **answers.known}

    @contextmanager
    def field(self) -> Iterator[None]:
        """A field runs inside: batches wait a moment for what it may still ask for."""
        self._gate.enter()
        try:
            yield
        finally:
            self._gate.leave()

    def _of(self, question: Question[K, V]) -> "_Answers[K, V]":
        answers = self._answers.get(question)
        if answers is None:
            answers = self._answers[question] = _Answers(question, self.scope, self._gate)
        return answers


class _Gate:
    """Holds batches back until every field that runs waits for one, for `PATIENCE_SECONDS` at most.

    Fields of a level often read a page each before they ask for what stands on it. Who is ready first would otherwise
    ask alone.
    """

    def __init__(self) -> None:
        self._fields = 0
        self._waiting = 0
        self._held: list[asyncio.Future[None]] = []

    def enter(self) -> None:
        self._fields += 1

    def leave(self) -> None:
        self._fields -= 1
        self._open_if_quiet()

    async def passed(self) -> None:
        """Return when a batch may be read."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self._waiting < self._fields:
            loop = asyncio.get_running_loop()
            held = loop.create_future()
            self._held.append(held)
            patience = loop.call_later(PATIENCE_SECONDS, _release, held)
            try:
                await held
            finally:
                patience.cancel()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A field waits for a batch inside."""
        self._waiting += 1
        self._open_if_quiet()
        try:
            yield
        finally:
            self._waiting -= 1

    def _open_if_quiet(self) -> None:
        if self._waiting >= self._fields:
            held, self._held = self._held, []
            for each in held:
                _release(each)


def _release(held: "asyncio.Future[None]") -> None:
    if not held.done():
        held.set_result(None)


class _Answers(Generic[K, V]):
    """What is known of one question, and which of its keys are being read."""

    def __init__(self, question: Question[K, V], scope: Scope, gate: _Gate) -> None:
        self._question = question
        self._scope = scope
        self._gate = gate
        self.known: dict[K, V] = {}
        self._reading: dict[K, asyncio.Future[None]] = {}
        self._open: list[K] | None = None

    async def to(self, keys: Sequence[K]) -> list[V]:
        """The answers to these keys. Who finds no open batch begins one, and reads it for all who join."""
        with suppress(KeyError):
            return [self.known[key] for key in keys]
        with self._gate.waiting():
            await self._read_all([key for key in keys if key not in self.known])
        return [self.known[key] for key in keys]

    async def _read_all(self, missing: Sequence[K]) -> None:
        while missing:
            new = dict.fromkeys(key for key in missing if key not in self._reading)
            if not new:
                await asyncio.shield(self._reading[missing[0]])
            elif self._open is None:
                await self._read(list(new))
            else:
                self._reading |= dict.fromkeys(new, self._reading[self._open[0]])
                self._open += new
            missing = [key for key in missing if key not in self.known]

    async def _read(self, keys: list[K]) -> None:
        """Read these keys, and those that join until the gate opens."""
        done = asyncio.get_running_loop().create_future()
        self._open = keys
        self._reading |= dict.fromkeys(keys, done)
        try:
            await self._gate.passed()
            self._open = None
            if count := _hits.get():
                count.read += len(keys)
            self.known.update(zip(keys, await self._question(self._scope, keys), strict=True))
        finally:
            if self._open is keys:
                self._open = None
            for key in keys:
                del self._reading[key]
            done.set_result(None)
