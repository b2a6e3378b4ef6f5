"""Idempotency keys: once, however often it is asked for, and never for another input."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
import strawberry
from sqlalchemy import select

from core import clock
from core.db import Database, Write
from core.errors import IdempotencyMismatch, Refusal
from core.viewer import Viewer
from models.idempotency import IdempotencyKey
from services import idempotency
from tests.services.locks import until_somebody_waits

KEY = "3f0c8a52-a-key"
SCOPE = "somebody"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    at: datetime = NOON
    day: date = date(2026, 11, 21)


@dataclass
class PaintInput:
    idempotency_key: str | None = KEY
    colour: Colour = Colour.RED
    text: str | None = strawberry.UNSET
    inner: list[Inner] = field(default_factory=lambda: [Inner()])
    choice: Any = None


async def once(db: Database, of: object, result: str = "first", *, operation: str = "PaintInput") -> str:
    """What a keyed write does: run once, else answer what was stored."""

    async def work(tx: Write) -> str:
        stored = await idempotency.claim(tx, SCOPE, KEY, operation, of)
        if stored is not None:
            return str(stored["id"])
        await idempotency.store(tx, SCOPE, KEY, {"id": result})
        return result

    return await db.write(work)


async def test_a_repeat_gets_the_first_result(db: Database) -> None:
    first = await once(db, PaintInput(), "first")
    second = await once(db, PaintInput(), "second")

    assert (first, second) == ("first", "first")


async def test_every_repeat_writes(db: Database) -> None:
    for _ in range(3):
        await once(db, PaintInput())

    async with db.reading() as read:
        assert await read.scalar(select(IdempotencyKey.repeats)) == 2


@pytest.mark.parametrize(
    "other",
    [
        PaintInput(colour=Colour.BLUE),
        PaintInput(text="x"),
        PaintInput(text=None),
        PaintInput(inner=[]),
        PaintInput(inner=[Inner(), Inner()]),
        PaintInput(inner=[Inner(at=NOON + timedelta(microseconds=1))]),
        PaintInput(inner=[Inner(day=date(2026, 11, 22))]),
        PaintInput(choice=strawberry.Some(None)),
        PaintInput(choice=strawberry.Some(Inner())),
    ],
    ids=str,
)
async def test_another_input_is_a_mismatch(db: Database, other: PaintInput) -> None:
    await once(db, PaintInput())

    with pytest.raises(IdempotencyMismatch):
        await once(db, other)


async def test_another_operation_is_a_mismatch(db: Database) -> None:
    await once(db, PaintInput())

    with pytest.raises(IdempotencyMismatch):
        await once(db, PaintInput(), operation="ScrapeInput")


async def test_the_key_is_no_part_of_the_input(db: Database) -> None:
    await once(db, PaintInput(idempotency_key="one"), "first")

    assert await once(db, PaintInput(idempotency_key="two"), "second") == "first"


async def test_the_same_moment_written_otherwise_is_the_same_input(db: Database) -> None:
    await once(db, PaintInput(choice=strawberry.Some(UUID(int=1))), "first")

    assert await once(db, PaintInput(choice=strawberry.Some(UUID(int=1))), "second") == "first"


async def test_odd_characters_are_no_obstacle(db: Database) -> None:
    assert await once(db, PaintInput(text="nul \x00 and half a pair \ud800"), "first") == "first"


async def test_a_concurrent_repeat_waits_for_the_first(db: Database) -> None:
    claimed, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(tx: Write) -> str:
        assert await idempotency.claim(tx, SCOPE, KEY, "PaintInput", PaintInput()) is None
        claimed.set()
        await go_on.wait()
        await idempotency.store(tx, SCOPE, KEY, {"id": "first"})
        return "first"

    first = asyncio.create_task(db.write(slowly))
    await claimed.wait()
    second = asyncio.create_task(once(db, PaintInput(), "second"))
    await until_somebody_waits(db)
    go_on.set()

    assert (await first, await second) == ("first", "first")


async def test_many_at_once_run_once(db: Database) -> None:
    answers = await asyncio.gather(*(once(db, PaintInput(), str(number)) for number in range(8)))

    assert len(set(answers)) == 1


async def test_a_refused_call_leaves_the_key_free(db: Database) -> None:
    async def refused(tx: Write) -> None:
        await idempotency.claim(tx, SCOPE, KEY, "PaintInput", PaintInput())
        raise Refusal("INVALID", "No.")

    with pytest.raises(Refusal):
        await db.write(refused)

    assert await once(db, PaintInput(colour=Colour.BLUE), "later") == "later"


async def test_after_a_day_the_key_is_free_again(db: Database) -> None:
    with clock.frozen(NOON):
        await once(db, PaintInput(), "yesterday")
    with clock.frozen(NOON + timedelta(hours=24) - timedelta(milliseconds=1)):
        assert await once(db, PaintInput(), "still") == "yesterday"
    with clock.frozen(NOON + timedelta(hours=24)):
        assert await once(db, PaintInput(colour=Colour.BLUE), "today") == "today"
        assert await once(db, PaintInput(colour=Colour.BLUE), "again") == "today"


async def test_purge_forgets_the_old_and_keeps_the_rest(db: Database) -> None:
    with clock.frozen(NOON):
        await once(db, PaintInput())

    assert await db.write(lambda tx: idempotency.purge(tx, NOON)) == 0
    assert await db.write(lambda tx: idempotency.purge(tx, NOON + timedelta(seconds=1))) == 1
    assert await db.write(lambda tx: idempotency.purge(tx, NOON + timedelta(seconds=1))) == 0


async def test_purge_keeps_an_old_key_that_is_claimed_anew_meanwhile(db: Database) -> None:
    with clock.frozen(NOON):
        await once(db, PaintInput(), "yesterday")
    before = NOON + idempotency.KEPT_FOR

    with clock.frozen(before):
        async with db.transaction() as tx:
            assert await idempotency.claim(tx, SCOPE, KEY, "PaintInput", PaintInput()) is None
            purge = asyncio.create_task(db.write(lambda other: idempotency.purge(other, before)))
            await until_somebody_waits(db)
            await idempotency.store(tx, SCOPE, KEY, {"id": "today"})
        await purge

        assert await once(db, PaintInput(), "again") == "today"


async def test_the_stored_digest_is_keyed(db: Database) -> None:
    await once(db, PaintInput(text="a password"))

    async with db.reading() as read:
        row = await read.first(select(IdempotencyKey.input_hash, IdempotencyKey.result))
    assert row is not None
    assert len(row.input_hash) == 32
    assert row.result == {"id": "first"}


def test_signed_in_people_share_no_keys_and_signed_out_ones_share_none_but_their_own() -> None:
    ana, ben = Viewer(id=UUID(int=1)), Viewer(id=UUID(int=2))
    scope_of = idempotency.scope_of

    assert scope_of(ana, "LikeInput", KEY) == scope_of(ana, "PaintInput", "other")
    assert scope_of(ana, "LikeInput", KEY) != scope_of(ben, "LikeInput", KEY)
    assert scope_of(Viewer(), "LikeInput", KEY) != scope_of(Viewer(), "PaintInput", KEY)
    assert scope_of(Viewer(), "LikeInput", KEY) != scope_of(Viewer(), "LikeInput", "other")
