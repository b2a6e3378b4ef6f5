"""The log behind the sockets: what happened in each watched topic, numbered without gaps, kept for a day."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Literal
from uuid import UUID
from zlib import crc32

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    Row,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock, tracing
from core.db import Read, Write
from models.topic_events import Topic, TopicEvent

KEPT = timedelta(hours=24)
BATCH = 100
_RENEWED = timedelta(hours=23)

Hole = Literal["CURSOR_TOO_OLD", "SERVER_RESTART"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be logged in one topic: the event's name and ids, never content."""

    topic: str
    event: str
    ids: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event of a topic; `seq` is its place and the mark to go on from, `fact` what it was logged for."""

    topic: str
    seq: int
    event: str
    ids: dict[str, Any]
    at: datetime
    fact: UUID
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read behind some marks: the events, how far that goes, and whether it is all there was.

    Numbers that should have followed a mark are missing in the topics that are `torn`.
    """

    events: Sequence[LoggedEvent]
    marks: Mapping[str, int]
    is_whole: bool
    torn: frozenset[str]


def post_topic(post_id: UUID) -> str:
    """What happens to one post: its counts, edits and end."""
    return f"post:{post_id}"


def media_topic(user_id: UUID) -> str:
    """What happens to the uploads of one person."""
    return f"media:{user_id}"


def account_topic(user_id: UUID) -> str:
    """What happens to the account and the sessions of one person."""
    return f"account:{user_id}"


def home_topic(user_id: UUID) -> str:
    """What happens to the home feed of one person."""
    return f"home:{user_id}"


def _among(topics: Collection[str]) -> Any:
    return Topic.topic == any_(literal(list(topics), ARRAY(Text)))


async def watch(tx: Write, topics: Collection[str]) -> dict[str, int]:
    """Log these topics for the next 23 hours at least; returns the number of the latest event of each.

    A topic that nobody watched for a while skips one number, so that whoever left before can tell that events are
    missing. A fresh one starts at the moment in milliseconds, above every number a purged one of its name had.
    """
    now = clock.now()
    rows = await tx.all(select(Topic.topic, Topic.last_seq).where(_among(topics), Topic.watched_until > now + _RENEWED))
    marks = {row.topic: row.last_seq for row in rows}
    missing = sorted(set(topics) - marks.keys())
    if missing:
        first, until = int(now.timestamp() * 1000), now + KEPT
        start = upsert(Topic).values([{"topic": topic, "last_seq": first, "watched_until": until} for topic in missing])
        slept = Topic.watched_until <= now
        renewal = start.on_conflict_do_update(
            index_elements=[Topic.topic],
            set_={
                "last_seq": case((slept, Topic.last_seq + 1), else_=Topic.last_seq),
                "watched_until": func.greatest(Topic.watched_until, until),
            },
        )
        marks |= {row.topic: row.last_seq for row in await tx.all(renewal.returning(Topic.topic, Topic.last_seq))}
    return marks


async def append(tx: Write, outbox_id: UUID, entries: Sequence[Entry]) -> list[str]:
    """Log what a fact means to each topic that is watched; returns the topics to wake after the commit.

    A fact is logged once per topic. Until the commit nobody else can log in these topics, so numbers follow the order
    of commits. Two statements for any number of topics.
    """
    if not entries:
        return []
    by_topic = {entry.topic: entry for entry in entries}
    await tx.execute(_LOCK, {"places": sorted({crc32(topic.encode()) % _LOCKS for topic in by_topic})})
    parameters = {
        "topics": list(by_topic),
        "events": [entry.event for entry in by_topic.values()],
        "ids": [orjson.dumps(entry.ids).decode() for entry in by_topic.values()],
        "fact": outbox_id,
        "now": clock.now(),
        "traceparent": tracing.traceparent(),
    }
    return sorted(await tx.scalars(_APPEND, parameters))


async def read(db: Read, marks: Mapping[str, int], limit: int) -> list[LoggedEvent]:
    """What happened behind the marks, at most `limit` events per topic: in order within each, by time across them."""
    rows = await db.all(_READ, _pairs(marks) | {"limit": limit})
    ordered = []
    for _, group in groupby(rows, key=attrgetter("topic")):
        # Clocks of two workers differ by milliseconds: time never runs backwards within a topic.
        latest = datetime.min.replace(tzinfo=UTC)
        for row in group:
            latest = max(latest, row.at)
            ordered.append((latest, row.topic, row.seq, row))
    ordered.sort(key=itemgetter(0, 1, 2))
    return [_logged(row) for *_, row in ordered]


def _logged(row: Row[Any]) -> LoggedEvent:
    return LoggedEvent(row.topic, row.seq, row.event, row.ids, row.at, row.outbox_id, row.traceparent)


async def read_on(db: Read, marks: Mapping[str, int], merged: Collection[str]) -> Reading:
    """Read to the end of a burst. Of events named in `merged` only the last one of each topic is told.

    It ends early, and is not whole, when it has found `BATCH` events that are to be told one by one.
    """
    position, found, torn, is_whole = dict(marks), list[LoggedEvent](), set[str](), False
    while not is_whole and len(found) < BATCH:
        batch = await read(db, position, BATCH)
        counts = Counter(each.topic for each in batch)
        latest = {each.topic: each.seq for each in batch}
        torn |= {topic for topic, count in counts.items() if latest[topic] - position[topic] != count}
        position |= latest
        is_whole = BATCH not in counts.values()
        found = drawn_together([*found, *batch], merged)
    return Reading(found, position, is_whole, frozenset(torn))


def drawn_together(events: Sequence[LoggedEvent], merged: Collection[str]) -> list[LoggedEvent]:
    """The events less those that a later one of the same topic makes needless, of those named in `merged`."""
    last = {each.topic: each.seq for each in events if each.event in merged}
    return [each for each in events if each.event not in merged or last[each.topic] == each.seq]


async def hole(db: Read, marks: Mapping[str, int]) -> Hole | None:
    """Why a stream cannot be resumed at these marks, or None if every event behind them is still there.

    Ask after `watch`, so that the answer stays true. A topic that is unknown, or whose numbers have not come as far
    as the mark, belongs to another life of the database.
    """
    rows = {row.topic: row for row in await db.all(_STANDING, _pairs(marks))}
    if any(topic not in rows or rows[topic].last_seq < mark for topic, mark in marks.items()):
        return "SERVER_RESTART"
    if any(row.last_seq - marks[topic] != row.kept for topic, row in rows.items()):
        return "CURSOR_TOO_OLD"
    return None


async def purge(tx: Write, before: datetime, limit: int = 5000) -> int:
    """Forget events older than this moment, at most `limit`, and topics nobody has watched since; returns how many."""
    old = await tx.all(select(TopicEvent.topic, TopicEvent.seq).where(TopicEvent.at < before).limit(limit))
    if old:
        key = tuple_(TopicEvent.topic, TopicEvent.seq)
        await tx.execute(delete(TopicEvent).where(key.in_([tuple(row) for row in old])))
    asleep = await tx.scalars(select(Topic.topic).where(Topic.watched_until < before).limit(limit))
    await tx.execute(delete(Topic).where(_among(asleep), Topic.watched_until < before))
    return max(len(old), len(asleep))


def _pairs(marks: Mapping[str, int]) -> dict[str, Any]:
    return {"topics": list(marks), "seqs": list(marks.values())}


_PARAMETERS = (bindparam("topics", type_=ARRAY(Text)), bindparam("seqs", type_=ARRAY(BigInteger)))

# One statement locks the rows of many topics in no certain order: whoever logs takes these locks before, in theirs.
_LOCKS = 128
_LOCK = text("select pg_advisory_xact_lock(7023942, place) from unnest(:places) as due (place)").bindparams(
    bindparam("places", type_=ARRAY(Integer))
)

_APPEND = text(
    """
    with moved as (
        update topics t set last_seq = t.last_seq + 1
        where t.topic = any(:topics) and t.watched_until > :now
        and not exists (select from topic_events e where e.topic = t.topic and e.outbox_id = :fact)
        returning t.topic, t.last_seq
    )
    insert into topic_events (topic, seq, outbox_id, event, ids, at, traceparent)
    select moved.topic, moved.last_seq, :fact, entry.event, cast(entry.ids as jsonb), :now, :traceparent
    from moved join unnest(:topics, :events, :ids) as entry (topic, event, ids) on entry.topic = moved.topic
    returning topic
    """
).bindparams(
    bindparam("topics", type_=ARRAY(Text)),
    bindparam("events", type_=ARRAY(Text)),
    bindparam("ids", type_=ARRAY(Text)),
    bindparam("fact", type_=Uuid),
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("traceparent", type_=Text),
)

_READ = text(
    """
    select e.topic, e.seq, e.event, e.ids, e.at, e.outbox_id, e.traceparent
    from topic_events e join unnest(:topics, :seqs) as mark (topic, seq) on e.topic = mark.topic
    where e.seq > mark.seq and e.seq <= mark.seq + :limit
    order by e.topic, e.seq
    """
).bindparams(*_PARAMETERS)

_STANDING = text(
    """
    select t.topic, t.last_seq, count(e.seq) as kept
    from topics t join unnest(:topics, :seqs) as mark (topic, seq) on t.topic = mark.topic
    left join topic_events e on e.topic = t.topic and e.seq > mark.seq
    group by t.topic, t.last_seq
    """
).bindparams(*_PARAMETERS)
