"""Streams over the event log: where a stream starts, how it is resumed, and one event after the other."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from core import clock
from core.errors import BadInput, Unavailable
from core.ids import age, moment_of
from core.metrics import EVENT_LAG
from core.paging import decode_cursor, encode_cursor
from schema.context import Context
from schema.events import StreamResetEvent, StreamResetReason
from services import event_log
from services.event_log import LoggedEvent
from subscriptions.hub import POLL_SECONDS, Hub, Seat, seat_at

Present = Callable[[Context, LoggedEvent, str], Awaitable[Any]]


class SlowConsumer(Exception):
    """Thrown into a stream whose client does not take its events; the stream answers with its last one."""


def _tell_all(_event: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Opening:
    """What a stream tells first, of a topic it does not follow any more: an event, made with the cursor behind it.

    The `mark` at which the topic was left stays in the cursors before it, so that a client cut off there is told again.
    """

    topic: str
    mark: int
    tell: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of one kind over some topics.

    `present` turns a logged event and its cursor into an event of the graph for the viewer, or None if there is
    nothing the viewer may see; what it answers depends on nothing else. `is_told` may keep an event from this one
    stream. Events named in `merged` are drawn together: of a burst only the last one of each topic is told, at most
    once per second. What is `opening` is told before all else.
    """

    name: str
    topics: Sequence[str]
    present: Present
    merged: frozenset[str] = field(default_factory=frozenset)
    is_told: Callable[[Any], bool] = _tell_all
    opening: Sequence[Opening] = ()

    def cursor(self, marks: Mapping[str, int]) -> str:
        """A cursor with one mark per topic; topics are named by a digest, so that it stays short and tells nothing."""
        return _cursor(self.name, tuple(marks.items()))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that a stream has come to and that is still to be presented."""

    stream: Stream
    logged: LoggedEvent
    cursor: str
    opened_at: datetime

    async def present(self, ctx: Context) -> Any:
        """The event as the context's viewer sees it, read afresh, or None; `Unavailable` if it is to be tried again."""
        ctx.renew(fresh=True)
        return await self.stream.present(ctx, self.logged, self.cursor)

    def measure(self) -> None:
        """How long it took from the fact to here; what was missed before the stream began says nothing."""
        if moment_of(self.logged.fact) >= self.opened_at:
            EVENT_LAG.labels(self.stream.name).observe(age(self.logged.fact))


@lru_cache(maxsize=1000)
def _cursor(name: str, marks: tuple[tuple[str, int], ...]) -> str:
    """Thousands of streams come to the same place together."""
    return encode_cursor(f"stream:{name}", {_digest(topic): seq for topic, seq in marks})


def marks_of(name: str, topics: Sequence[str], cursor: str) -> dict[str, int]:
    """The marks of these topics in a cursor of the streams with this name; a cursor of others raises `BadInput`."""
    (known,) = decode_cursor(f"stream:{name}", cursor)
    return {topic: known[_digest(topic)] for topic in topics if _digest(topic) in known}


def resumed_at(ctx: Context, after: str | None) -> str | None:
    """The cursor to go on behind: what the client heard last on this connection goes before the argument `after`."""
    return ctx.last_event_id or after


async def events(ctx: Context, stream: Stream, after: str | None) -> AsyncGenerator[Any, None]:
    """Open a stream behind a cursor: its events in order and without end, as `Occurrence`, and resets as they are.

    The cursor of an event is passed when the next one is asked for. `SlowConsumer`, thrown in instead, is answered with
    a last event that leads back to what was not taken. While the database is away an open stream waits.
    """
    now = await _watch(ctx, stream)
    after = resumed_at(ctx, after)
    if after is None:
        return _go_on(ctx, stream, now, None)
    try:
        marks = now | marks_of(stream.name, stream.topics, after)
    except BadInput:
        return _go_on(ctx, stream, now, StreamResetReason.CURSOR_INVALID)
    reset = await _hole(ctx, marks)
    return _go_on(ctx, stream, now if reset else marks, reset)


async def _go_on(
    ctx: Context, stream: Stream, marks: dict[str, int], reset: StreamResetReason | None
) -> AsyncGenerator[Any, None]:
    opened_at, opening = clock.now(), stream.opening
    try:
        async with seat_at(ctx.backends, marks, stream.merged) as (hub, seat):
            seat.push = _pushing(ctx, stream, seat, marks, opened_at)
            while True:
                if reset is not None:
                    yield _reset(stream, marks, reset)
                for number, first in enumerate(opening, 1):
                    left = {each.topic: each.mark for each in opening[number:]}
                    yield first.tell(stream.cursor({**marks, **left}))
                opening = ()
                for logged in await _next(ctx, stream.merged, hub, seat, marks):
                    if logged.seq > marks[logged.topic]:
                        yield _occurrence(stream, marks, logged, opened_at)
                        marks[logged.topic] = logged.seq
                reset = await _mended(ctx, stream, seat, marks)
    except SlowConsumer:
        yield _reset(stream, marks, StreamResetReason.SLOW_CONSUMER)


def _pushing(
    ctx: Context, stream: Stream, seat: Seat, marks: dict[str, int], opened_at: datetime
) -> Callable[[LoggedEvent], bool] | None:
    """How an event is told while its stream sleeps at these marks; None if that cannot be."""
    tell = ctx.push
    if tell is None:
        return None

    def push(logged: LoggedEvent) -> bool:
        def passed(is_told: bool) -> None:  # noqa: FBT001 - said by its name
            if is_told:
                marks[logged.topic] = logged.seq
            seat.pushed(is_told=is_told)

        return logged.seq > marks[logged.topic] and tell(_occurrence(stream, marks, logged, opened_at), passed)

    return push


def _occurrence(stream: Stream, marks: Mapping[str, int], logged: LoggedEvent, opened_at: datetime) -> Occurrence:
    return Occurrence(stream, logged, stream.cursor({**marks, logged.topic: logged.seq}), opened_at)


async def _next(
    ctx: Context, merged: frozenset[str], hub: Hub, seat: Seat, marks: Mapping[str, int]
) -> Sequence[LoggedEvent]:
    """What comes next: as the hub has handed it out, or from the log for a stream that is behind."""
    await seat.wait()
    if seat.is_torn:
        return ()
    if not seat.is_behind:
        return event_log.drawn_together(seat.take(), merged)
    try:
        async with ctx.backends.db.reading(fresh=True) as db:
            reading = await event_log.read_on(db, marks, merged)
    except Unavailable:
        await asyncio.sleep(POLL_SECONDS)
        return ()
    if reading.is_whole:
        hub.rejoin(seat, reading.marks)
    return reading.events


async def _mended(ctx: Context, stream: Stream, seat: Seat, marks: dict[str, int]) -> StreamResetReason | None:
    """Why events behind the marks of a torn stream are missing; the marks are moved on then."""
    reset = None
    while seat.is_torn:
        try:
            now, reset = await _watch(ctx, stream), await _hole(ctx, marks)
        except Unavailable:
            await asyncio.sleep(POLL_SECONDS)
            continue
        seat.is_torn = False
        if reset is not None:
            marks.update(now)
    return reset


async def _watch(ctx: Context, stream: Stream) -> dict[str, int]:
    """Have the topics logged for another day; answers where each of them stands."""
    return await ctx.backends.db.write(lambda tx: event_log.watch(tx, stream.topics))


async def _hole(ctx: Context, marks: Mapping[str, int]) -> StreamResetReason | None:
    """Why a stream cannot go on at these marks. The topics are watched already, so that the answer stays true."""
    async with ctx.backends.db.reading(fresh=True) as db:
        hole = await event_log.hole(db, marks)
    return StreamResetReason[hole] if hole else None


def _reset(stream: Stream, marks: Mapping[str, int], reason: StreamResetReason) -> StreamResetEvent:
    return StreamResetEvent(cursor=stream.cursor(marks), occurred_at=clock.now(), reason=reason)


def _digest(topic: str) -> str:
    return blake2b(topic.encode(), digest_size=6).hexdigest()
