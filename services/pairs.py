"""Two people at a time: a block waits for what either leaves with the other, and that waits for the block."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID
from zlib import crc32

from sqlalchemy import ARRAY, Integer, bindparam, text

from core.db import Write


async def keep_together(tx: Write, person: UUID, others: Iterable[UUID]) -> None:
    """Have no block between a person and any of the others begin before the commit.

    Asked before it is judged what the person may do. Any number of acts on one person happen at once.
    """
    places = sorted({_place(person, each) for each in others if each != person})
    if places:
        await tx.execute(_SHARED, {"places": places})


async def keep_apart(tx: Write, one: UUID, other: UUID) -> None:
    """Wait for what is about to be left between two people; nothing more is until the commit."""
    await tx.execute(_ALONE, {"place": _place(one, other)})


def _place(one: UUID, other: UUID) -> int:
    """A number for a pair; that another pair may have it too costs a moment's wait."""
    return crc32(min(one, other).bytes + max(one, other).bytes) - 2**31


# Rows of people would not do: who is followed all the time has a row that somebody always shares.
_SHARED: Final = text(
    "select pg_advisory_xact_lock_shared(7023943, place) from unnest(:places) as due (place)"
).bindparams(bindparam("places", type_=ARRAY(Integer)))
_ALONE: Final = text("select pg_advisory_xact_lock(7023943, :place)").bindparams(bindparam("place", type_=Integer))
