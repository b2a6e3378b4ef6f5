"""The one reader of the event log in a process: it reads what is new in all watched topics and hands it to streams."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import Context as ContextVars
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from core import clock, telemetry
from core.backends import Backends
from core.db import Database
from core.ending import end
from core.errors import Unavailable
from core.pubsub import PubSub, Wakeups
from services import event_log
from services.event_log import LoggedEvent

POLL_SECONDS = 1.5
BURST_SECONDS = 1.0
REWATCH_AFTER = timedelta(hours=1)
TOPICS_AT_ONCE = 500
WAITING = 200

log = telemetry.logger(__name__)


class Seat:
    """The place of one stream: what has been read for it and it has not taken yet, at most `WAITING` events.

    A stream that `is_behind` gets nothing here: it reads the log by itself until it has come as far as the hub. One
    that `is_torn` has lost events that the log does not hold any more. While a stream sleeps, `push` may have the
    first event told in its place: if it says so, `pushed` is called later, and the stream sleeps until then.
    """

    __slots__ = ("_is_pushing", "_waiting", "_woken", "is_behind", "is_torn", "push")

    def __init__(self) -> None:
        self.is_behind = False
        self.is_torn = False
        self.push: Callable[[LoggedEvent], bool] | None = None
        self._is_pushing = False
        # There are thousands of these: an `asyncio.Event` and a deque take a kilobyte and a half.
        self._waiting: list[LoggedEvent] = []
        self._woken: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Return when there is something to take here or to read in the log."""
        if not self.is_behind and not self._waiting:
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken

    def take(self) -> list[LoggedEvent]:
        """All that waits, in order."""
        taken, self._waiting = self._waiting, []
        return taken

    def give(self, event: LoggedEvent, *, is_shared: bool) -> None:
        """Hand an event over, which others get or not; a stream that takes none leaves its events to the log."""
        if self.is_behind:
            return
        if len(self._waiting) == WAITING:
            self.fall_behind()
            return
        self._waiting.append(event)
        if not (self._is_pushing or (is_shared and self._is_asleep and self._begin_push())):
            self._wake()

    def pushed(self, *, is_told: bool) -> None:
        """Go on after a push: with the next event if this one is told, else by waking the stream."""
        self._is_pushing = False
        if is_told and not self.is_behind:
            del self._waiting[0]
        if self.is_behind or (self._waiting and not (is_told and self._begin_push())):
            self._wake()

    @property
    def _is_asleep(self) -> bool:
        return self._woken is not None and not self._woken.done()

    def _begin_push(self) -> bool:
        self._is_pushing = self.push is not None and self.push(self._waiting[0])
        return self._is_pushing

    def fall_behind(self) -> None:
        """Let the stream read the log from its own marks."""
        self.is_behind = True
        self._waiting = []
        self._wake()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done() and not self._is_pushing:
            self._woken.set_result(None)

    def tear(self) -> None:
        """Let the stream find out what it has lost."""
        self.is_torn = True
        self.fall_behind()


@dataclass(slots=True, eq=False)
class _Topic:
    """How far a topic has been read, for whom, and until when it rests after a burst."""

    position: int
    seats: set[Seat] = field(default_factory=set)
    rests_until: float = 0.0

    def tear(self) -> None:
        for seat in self.seats:
            seat.tear()


class Hub:
    """Reads for all streams of a process: once for all topics that woke, and every `POLL_SECONDS` without a wake-up.

    While PostgreSQL is away it waits. After a merged event a topic rests for `BURST_SECONDS`, so that what comes in a
    burst is drawn together, for all its streams alike.
    """

    def __init__(self, db: Database, pubsub: PubSub) -> None:
        self._db = db
        self._pubsub = pubsub
        self._seats: set[Seat] = set()
        self._topics: dict[str, _Topic] = {}
        self._merged: frozenset[str] = frozenset()
        self._wakeups = Wakeups()
        self._due: set[str] = set()
        self._polls_at = 0.0
        self._watched_at = clock.now()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether no stream has a seat."""
        return not self._seats

    def join(self, seat: Seat, marks: Mapping[str, int], merged: frozenset[str]) -> None:
        """Hand to a stream that is at these marks all that happens from now on in their topics."""
        self._merged |= merged
        self._seats.add(seat)
        for name, mark in marks.items():
            if name not in self._topics:
                self._topics[name] = _Topic(mark)
                self._pubsub.listen(name, self._wakeups)
            self._topics[name].seats.add(seat)
        seat.is_behind = not self._has_reached(marks)
        if self._task is None:
            # It must not carry on the notes and counts of whoever came first.
            self._task = asyncio.create_task(self._run(), context=ContextVars())

    def rejoin(self, seat: Seat, marks: Mapping[str, int]) -> None:
        """Hand out again to a stream that was behind, if these marks are not."""
        seat.is_behind = not self._has_reached(marks)

    def leave(self, seat: Seat, topics: Sequence[str]) -> None:
        """Forget a stream, and each topic that nobody else watches."""
        self._seats.discard(seat)
        seat.push = None
        for name in topics:
            seats = self._topics[name].seats
            seats.discard(seat)
            if not seats:
                del self._topics[name]
                self._pubsub.ignore(name, self._wakeups)

    async def aclose(self) -> None:
        """Read no more."""
        if self._task is not None:
            await end(self._task)

    async def _run(self) -> None:
        while True:
            await self._wakeups.wait(self._seconds_left())
            try:
                await self._rewatch()
                await self._read()
            except Unavailable:
                await asyncio.sleep(POLL_SECONDS)
            except Exception as error:
                log.exception("events not read", exc_info=error)
                await asyncio.sleep(POLL_SECONDS)

    def _has_reached(self, marks: Mapping[str, int]) -> bool:
        return all(mark >= self._topics[name].position for name, mark in marks.items())

    def _seconds_left(self) -> float:
        """How long there is nothing to read unless somebody rings."""
        self._due &= self._topics.keys()
        times = [self._topics[name].rests_until for name in self._due]
        return max(0.0, min([*times, self._polls_at]) - _now())

    async def _read(self) -> None:
        now = _now()
        if now >= self._polls_at:
            self._polls_at = now + POLL_SECONDS
            self._due = set(self._topics)
        self._due = (self._due | self._wakeups.rung()) & self._topics.keys()
        for names in _pieces([name for name in self._due if self._topics[name].rests_until <= now]):
            await self._read_piece(names)

    async def _read_piece(self, names: Sequence[str]) -> None:
        asked = {name: self._topics[name] for name in names if name in self._topics}
        marks = {name: topic.position for name, topic in asked.items()}
        async with self._db.reading(fresh=True) as db:
            reading = await event_log.read_on(db, marks, self._merged)
        # A topic that everybody left meanwhile may already stand here again, from another position on.
        still = {name: topic for name, topic in asked.items() if self._topics.get(name) is topic}
        for name, topic in still.items():
            topic.position = reading.marks[name]
            if name in reading.torn:
                topic.tear()
        self._hand_out(still, reading.events)
        if reading.is_whole:
            self._due.difference_update(asked)

    def _hand_out(self, topics: Mapping[str, _Topic], events: Sequence[LoggedEvent]) -> None:
        rests_until = _now() + BURST_SECONDS
        for event in events:
            topic = topics.get(event.topic)
            if topic is None:
                continue
            if event.event in self._merged:
                topic.rests_until = rests_until
            is_shared = len(topic.seats) > 1
            for seat in topic.seats:
                seat.give(event, is_shared=is_shared)

    async def _rewatch(self) -> None:
        """Have the topics logged for another day, once in a while; a log that went back has lost what was told."""
        if clock.now() - self._watched_at <= REWATCH_AFTER:
            return
        for names in _pieces(list(self._topics)):
            marks = await self._db.write(partial(event_log.watch, topics=names))
            for name in names:
                topic = self._topics.get(name)
                if topic is not None and marks[name] < topic.position:
                    topic.position = marks[name]
                    topic.tear()
        self._watched_at = clock.now()


_hubs: dict[PubSub, Hub] = {}


@asynccontextmanager
async def seat_at(
    backends: Backends, marks: Mapping[str, int], merged: frozenset[str]
) -> AsyncIterator[tuple[Hub, Seat]]:
    """A seat inside the block, in the hub of these connections, which begins with its first and ends with its last."""
    if backends.pubsub not in _hubs:
        _hubs[backends.pubsub] = Hub(backends.db, backends.pubsub)
    hub, seat, topics = _hubs[backends.pubsub], Seat(), tuple(marks)
    hub.join(seat, marks, merged)
    try:
        yield hub, seat
    finally:
        hub.leave(seat, topics)
        if hub.is_empty:
            del _hubs[backends.pubsub]
            await hub.aclose()


def _pieces(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), TOPICS_AT_ONCE):
        yield names[start : start + TOPICS_AT_ONCE]


def _now() -> float:
    return asyncio.get_running_loop().time()
