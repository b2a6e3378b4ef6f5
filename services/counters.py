"""Counts that equal the truth: deltas in the transaction of the change, a stored value, and their sum."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from core.db import Read, Write
from core.ids import new_uuid
from models.counters import CounterDelta

Name = Literal[
    "likes",
    "comments",
    "comments_held",
    "followers",
    "following",
    "posts_public",
    "posts_followers",
    "posts_close_friends",
    "posts_only_me",
]
NAMES: tuple[Name, ...] = get_args(Name)

Subject = tuple[UUID, UUID]

_SUMS = text(
    """
    select author_id, subject_id, name, sum(value)::bigint as value from (
      select author_id, subject_id, name, value from counters
      where author_id = any(:authors) and subject_id = any(:subjects)
      union all
      select author_id, subject_id, name, delta from counter_deltas
      where author_id = any(:authors) and subject_id = any(:subjects)
    ) numbers group by author_id, subject_id, name
    """
).bindparams(bindparam("authors", type_=ARRAY(Uuid)), bindparam("subjects", type_=ARRAY(Uuid)))


def add(tx: Write, author_id: UUID, subject_id: UUID, **changes: int) -> None:
    """Count a change that took effect; `changes` are names of `NAMES` with the difference."""
    for name, delta in changes.items():
        if name not in NAMES:
            raise KeyError(name)
        row = {"author_id": author_id, "id": new_uuid(), "subject_id": subject_id, "name": name, "delta": delta}
        tx.later(CounterDelta, row)


async def read(db: Read, subjects: Iterable[Subject]) -> Mapping[Subject, Mapping[str, int]]:
    """All counts of each `(author_id, subject_id)`; what was never counted is absent and stands for 0."""
    wanted = list(dict.fromkeys(subjects))
    parameters = {"authors": [author for author, _ in wanted], "subjects": [subject for _, subject in wanted]}
    found: dict[Subject, dict[str, int]] = {subject: {} for subject in wanted}
    for row in await db.all(_SUMS, parameters):
        found.setdefault((row.author_id, row.subject_id), {})[row.name] = row.value
    return found


async def fold(tx: Write, limit: int = 5000) -> int:
    """Move open deltas into the stored values; returns how many were moved.

    The deltas go and the sums come in one transaction, so a reader meets each change exactly once.
    """
    rows = await tx.all(_TAKE, {"limit": limit})
    sums: dict[tuple[UUID, UUID, str], int] = {}
    for row in rows:
        key = (row.author_id, row.subject_id, row.name)
        sums[key] = sums.get(key, 0) + row.delta
    if sums:
        await tx.execute(_ADD, _columns(sums))
    return len(rows)


def _columns(sums: Mapping[tuple[UUID, UUID, str], int]) -> dict[str, Sequence[object]]:
    ordered = sorted(sums.items(), key=lambda item: (str(item[0][0]), str(item[0][1]), item[0][2]))
    return {
        "authors": [key[0] for key, _ in ordered],
        "subjects": [key[1] for key, _ in ordered],
        "names": [key[2] for key, _ in ordered],
        "values": [value for _, value in ordered],
    }


_TAKE = text(
    """
    delete from counter_deltas where (author_id, id) in (
      select author_id, id from counter_deltas order by author_id, id limit :limit
    ) returning author_id, subject_id, name, delta
    """
)

_ADD = text(
    """
    insert into counters (author_id, subject_id, name, value)
    select * from unnest(:authors, :subjects, :names, cast(:values as bigint[]))
    on conflict (author_id, subject_id, name) do update set value = counters.value + excluded.value
    """
).bindparams(
    bindparam("authors", type_=ARRAY(Uuid)),
    bindparam("subjects", type_=ARRAY(Uuid)),
    bindparam("names", type_=ARRAY(Text)),
)
