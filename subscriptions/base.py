"""Streams over the event log: where a stream starts, how it is resumed, and one event after the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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

POLL_SECONDS = 1.5
BURST_SECONDS = 1.0
REWATCH_AFTER = timedelta(hours=1)
BATCH = 100

Present = Callable[[Context, LoggedEvent, str], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of one kind over some topics.

    `present` turns a logged event and its cursor into an event of the graph for the viewer, or None if there is
    nothing the viewer may see. Events named in `merged` are drawn together: of a burst only the last one of each topic
    is told, at most once per second.
    """

    name: str
    topics: Sequence[str]
    present: Present
    merged: frozenset[str] = field(default_factory=frozenset)

    def cursor(self, marks: Mapping[str, int]) -> str:
        """A cursor with one mark per topic; topics are named by a digest, so that it stays short and tells nothing."""
        return encode_cursor(f"stream:{self.name}", {_digest(topic): seq for topic, seq in marks.items()})


def marks_of(name: str, topics: Sequence[str], cursor: str) -> dict[str, int]:
    """The marks of these topics in a cursor of the streams with this name; a cursor of others raises `BadInput`."""
    (known,) = decode_cursor(f"stream:{name}", cursor)
    return {topic: known[_digest(topic)] for topic in topics if _digest(topic) in known}


async def events(ctx: Context, stream: Stream, after: str | None) -> AsyncGenerator[Any, None]:
    """All events of a stream behind `after`, in order and without end; each is read with loaders of its own.

    While the database is away a stream that has begun waits, and goes on where it was.
    """
    marks, reset = await _start(ctx, stream, after)
    if reset is not None:
        yield StreamResetEvent(cursor=stream.cursor(marks), occurred_at=clock.now(), reason=reset)
    began = watched_at = clock.now()
    async with ctx.backends.pubsub.listening(stream.topics) as wakeups:
        while True:
            logged, is_away = list[LoggedEvent](), True
            with suppress(Unavailable):
                watched_at = await _rewatch(ctx, stream, watched_at)
                logged = await _read_on(ctx, marks, stream.merged)
                for each in logged:
                    shown = await _present(ctx, stream, each, marks)
                    if shown is not None:
                        _measure(stream, each, began)
                        yield shown
                is_away = False
            if is_away or not logged:
                await wakeups.wait(POLL_SECONDS)
            elif any(each.event in stream.merged for each in logged):
                await asyncio.sleep(BURST_SECONDS)


async def _present(ctx: Context, stream: Stream, logged: LoggedEvent, marks: dict[str, int]) -> Any:
    """The event for the viewer, or None; its mark is passed once it could be read."""
    ctx.renew(fresh=True)
    shown = await stream.present(ctx, logged, stream.cursor({**marks, logged.topic: logged.seq}))
    marks[logged.topic] = logged.seq
    return shown


def _measure(stream: Stream, told: LoggedEvent, began: datetime) -> None:
    """How long it took from a fact to here; what was missed before the stream began says nothing."""
    if moment_of(told.fact) >= began:
        EVENT_LAG.labels(stream.name).observe(age(told.fact))


async def _rewatch(ctx: Context, stream: Stream, watched_at: datetime) -> datetime:
    """Have the topics of a long stream logged for another day, once in a while; answers when that was last done."""
    now = clock.now()
    if now - watched_at <= REWATCH_AFTER:
        return watched_at
    await _watch(ctx, stream)
    return now


async def _start(ctx: Context, stream: Stream, after: str | None) -> tuple[dict[str, int], StreamResetReason | None]:
    """Where to read on, and why not at the cursor if that is not possible. Watching comes first: nothing is missed."""
    now = await _watch(ctx, stream)
    if after is None:
        return now, None
    try:
        marks = marks_of(stream.name, stream.topics, after)
    except BadInput:
        return now, StreamResetReason.CURSOR_INVALID
    async with ctx.backends.db.reading(fresh=True) as db:
        hole = await event_log.hole(db, marks)
    return (now, StreamResetReason[hole]) if hole else ({**now, **marks}, None)


async def _watch(ctx: Context, stream: Stream) -> dict[str, int]:
    """Have the topics logged for another day; answers where each of them stands."""
    return await ctx.backends.db.write(lambda tx: event_log.watch(tx, stream.topics))


async def _read_on(ctx: Context, marks: Mapping[str, int], merged: frozenset[str]) -> list[LoggedEvent]:
    """What happened behind the marks, drawn together; a burst of many batches is read to its end at once."""
    position, found, is_full = dict(marks), list[LoggedEvent](), True
    while is_full and len(found) < BATCH:
        async with ctx.backends.db.reading(fresh=True) as db:
            batch = await event_log.read(db, position, BATCH)
        position |= {each.topic: each.seq for each in batch}
        is_full = BATCH in Counter(each.topic for each in batch).values()
        found = _drawn_together([*found, *batch], merged)
    return found


def _drawn_together(logged: Sequence[LoggedEvent], merged: frozenset[str]) -> list[LoggedEvent]:
    """The events less those of a burst that a later one of the same topic makes needless."""
    last = {each.topic: each.seq for each in logged if each.event in merged}
    return [each for each in logged if each.event not in merged or last[each.topic] == each.seq]


def _digest(topic: str) -> str:
    return blake2b(topic.encode(), digest_size=6).hexdigest()
