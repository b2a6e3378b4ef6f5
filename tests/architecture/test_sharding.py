"""The tables can be sharded: keys hold the distribution column, and no statement joins rows of different shards."""

import pytest
from sqlalchemy import UniqueConstraint, text
from sqlalchemy.sql.schema import Table
from sqlglot import exp

from aperture.worker import job_context
from core.backends import Backends
from core.db import Database
from core.settings import Settings
from core.statements import counted
from models.registry import metadata
from tests.architecture import day
from tests.architecture.sharding import objections
from tests.architecture.sql import UNKNOWN, parse, statements
from tests.architecture.tree import modules
from tests.client import serving
from tests.providers import Liar, description, with_providers

TABLES = list(metadata.tables.values())
SHARDED = [table for table in TABLES if table.info.get("sharding") == "distributed"]
# One session measures how far the database's clock is from the machine's.
MEASURES_CLOCK = "select clock_timestamp()"
BETWEEN_COLUMNS = "select 1 from posts p join users u on {}"

REFUSED = {
    BETWEEN_COLUMNS.format("u.id = p.id"): "joins p and u by something else than their shards",
    BETWEEN_COLUMNS.format("u.id = p.author_id or u.id = p.id"): "joins p and u by something else than their shards",
    BETWEEN_COLUMNS.format("u.id = any(:ids) and p.author_id = any(:ids)"): (
        "joins p and u by something else than their shards"
    ),
    "select 1 from posts p join handles h on h.user_id = p.author_id": "joins the groups handles and users",
    "select 1 from posts p where exists (select from handles h where h.user_id = p.author_id)": (
        "joins the groups handles and users"
    ),
    "select 1 from posts p where exists (select from media m where m.post_id = p.id)": (
        "joins m and p by something else than their shards"
    ),
    "select 1 from posts p join (select post_id, count(*) from media group by post_id) m on m.post_id = p.id": (
        "joins m and p by something else than their shards"
    ),
    "with some as (select followee_id as id from follows) select 1 from posts p join some on some.id = p.author_id": (
        "joins p and some by something else than their shards"
    ),
    "update posts set caption = '' from media m where m.post_id = posts.id": (
        "joins m and posts by something else than their shards"
    ),
    "with gone as (delete from posts using media m where m.id = posts.id returning posts.id) select * from gone": (
        "joins m and posts by something else than their shards"
    ),
    "select 1 from posts p join outbox o on o.id = p.id": "brings local and sharded tables together",
    "select 1 from posts p, lateral (select from media m where m.author_id = p.author_id) some": "is lateral",
    "with recursive up as (select 1 as one union all select one from up) select * from up": "is recursive",
    "select id from posts where author_id = :author for update skip locked": "skips locked rows of sharded tables",
    "select id from posts where id = :id for update": "locks rows of posts on all shards",
    "update posts set author_id = :author where id = :id": "moves rows of posts to other shards",
    "select id from posts where created_at < now()": "asks the database for the time",
    "insert into posts (created_at) values (transaction_timestamp())": "asks the database for the time",
    "select id from post": "meets an unknown table post",
}

ALLOWED = [
    BETWEEN_COLUMNS.format("u.id = p.author_id"),
    BETWEEN_COLUMNS.format("u.id = :id and p.author_id = :id"),
    "select 1 from unnest(:ids) as asked (id) join users u on u.id = asked.id join posts p on p.author_id = asked.id",
    "select 1 from posts p join places l on l.id = p.place_id",
    "select 1 from posts p where exists (select from media m where m.author_id = p.author_id and m.post_id = p.id)",
    "select 1 from posts where author_id in (select followee_id from follows where follower_id = :id)",
    "select 1 from posts p join (select author_id a from media union select id from users) m on m.a = p.author_id",
    "with some as (select author_id as who from media) select 1 from posts p join some on some.who = p.author_id",
    "with some as materialized (select followee_id from follows) select 1 from posts p join some on followee_id = p.id",
    "delete from posts using users u where u.id = posts.author_id and u.status = 'DELETED'",
    "select id from posts where author_id = :author and id = :id for update",
    "select id from outbox for update skip locked",
    "select pg_notify('bell', '')",
]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_table_says_how_it_is_sharded(table: Table) -> None:
    assert table.info["sharding"] in {"distributed", "reference", "local"}


@pytest.mark.parametrize("table", SHARDED, ids=str)
def test_keys_hold_the_distribution_column(table: Table) -> None:
    column = table.c[table.info["column"]]
    uniques = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    uniques += [each.columns for each in table.indexes if each.unique]

    assert not column.nullable
    assert next(iter(table.primary_key.columns)) is column
    assert [unique for unique in uniques if column.name not in unique] == []


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_references_stay_on_the_shard(table: Table) -> None:
    def stays(target: Table, pairs: set[tuple[str, str]]) -> bool:
        is_same_group = target.info.get("group") == table.info.get("group")
        is_by_shard = (table.info.get("column"), target.info.get("column")) in pairs
        return target.info["sharding"] == "reference" or (is_same_group and is_by_shard)

    for key in table.foreign_key_constraints:
        assert stays(key.referred_table, {(each.parent.name, each.column.name) for each in key.elements})


async def test_the_migrated_tables_have_no_other_unique_keys_and_no_triggers(db: Database) -> None:
    keys = text(
        """
        select tables.relname as name, array_agg(columns.attname) as columns
        from pg_index keys join pg_class tables on tables.oid = keys.indrelid
        join pg_attribute columns on columns.attrelid = keys.indrelid and columns.attnum = any(keys.indkey)
        where keys.indisunique and tables.relname = any(:names) group by keys.indexrelid, tables.relname
        """
    )
    triggers = text("select tgname from pg_trigger")

    async with db.reading() as read:
        found = await read.all(keys, {"names": [table.name for table in SHARDED]})
        has_triggers = await read.all(triggers)

    assert {row.name for row in found} == {table.name for table in SHARDED}
    assert [row for row in found if metadata.tables[row.name].info["column"] not in row.columns] == []
    assert has_triggers == []


@pytest.mark.parametrize("sql", REFUSED)
def test_what_a_cluster_refuses_is_found(sql: str) -> None:
    assert objections(sql) == [REFUSED[sql]]


@pytest.mark.parametrize("sql", ALLOWED)
def test_what_a_cluster_can_do_is_allowed(sql: str) -> None:
    assert objections(sql) == []


def test_every_statement_in_a_string_can_run_on_shards() -> None:
    written = [found for found in statements(modules()) if UNKNOWN not in found.sql]
    told = {found.sql: found.module.path for found in written if objections(found.sql)}

    assert len(written) > 20
    assert told == {MEASURES_CLOCK: "core/db.py"}


@pytest.fixture
def config(config: Settings, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return with_providers(monkeypatch, description(liar.issuer))


async def test_every_statement_of_a_day_can_run_on_shards(config: Settings, backends: Backends, liar: Liar) -> None:
    with counted() as ran:
        async with job_context(config) as ctx, serving(config) as client:
            await day.live(client, backends, ctx, liar)

    met = {table.name for sql in ran.statements for table in parse(sql).find_all(exp.Table)}
    assert metadata.tables.keys() <= met
    assert {sql: objections(sql) for sql in set(ran.statements) - {MEASURES_CLOCK} if objections(sql)} == {}
