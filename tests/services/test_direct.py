"""Statements that go around SQLAlchemy: the same rows, counted and refused like all others."""

import pytest
from sqlalchemy import Integer, bindparam, text

from core.db import Database
from core.direct import Direct
from core.errors import Unavailable
from core.settings import Settings
from core.statements import counted

NUMBERS = Direct(
    text("select n as number, n * n as square, null as nothing from generate_series(1, :most) as n").bindparams(
        bindparam("most", type_=Integer)
    )
)
PLANS = text(
    "select sum(generic_plans) as once, sum(custom_plans) as anew from pg_prepared_statements"
    " where statement like 'select n as number%'"
)
OWN = Direct(text("select pg_backend_pid() as pid, current_setting('aperture.mark', true) as mark"))


@pytest.mark.parametrize("has_pooler", [False, True])
async def test_columns_are_found_by_name_place_and_slice(config: Settings, *, has_pooler: bool) -> None:
    db = Database.connect(config.model_copy(update={"pgbouncer": has_pooler}))

    async with db.reading() as read:
        rows = await read.rows(NUMBERS, {"most": 3})
    await db.aclose()

    assert [(row["number"], row[1], tuple(row[1:])) for row in rows] == [(n, n * n, (n * n, None)) for n in (1, 2, 3)]


async def test_they_see_what_their_transaction_has_changed(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(text("select set_config('aperture.mark', 'mine', true)"))
        (row,) = await tx.rows(OWN, {})

    assert row["mark"] == "mine"


async def test_they_are_counted(db: Database) -> None:
    async with db.reading() as read:
        with counted() as statements:
            await read.rows(NUMBERS, {"most": 1})

    assert len(statements) == 1


async def test_a_statement_is_planned_once_for_whatever_it_is_given(db: Database) -> None:
    async with db.reading() as read:
        for most in range(1, 4):
            await read.rows(NUMBERS, {"most": most})
        plans = await read.first(PLANS)

    assert plans is not None
    assert (plans.once, plans.anew) == (3, 0)


async def test_a_lost_connection_is_refused_and_replaced(db: Database) -> None:
    async with db.reading() as read, db.reading() as other:
        (row,) = await read.rows(OWN, {})
        await other.execute(text("select pg_terminate_backend(:pid)"), {"pid": row["pid"]})
        with pytest.raises(Unavailable):
            await read.rows(NUMBERS, {"most": 1})

    async with db.reading() as first, db.reading() as second:
        found = [await each.rows(NUMBERS, {"most": 1}) for each in (first, second)]

    assert [len(rows) for rows in found] == [1, 1]
