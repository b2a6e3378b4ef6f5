"""What statements may do on sharded tables, as a judge that reads SQL; Citus refuses the rest or gives it up slowly."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from models.registry import metadata
from tests.architecture.sql import parse

Key: TypeAlias = tuple[str, str]
"""An alias and a column; for a parameter `=` and its name."""

CLOCKS = ("now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday")
_CLOCK_NODES = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.CurrentDatetime, exp.Localtimestamp)
_SERVERS_OWN = ("alembic_version", "pg_")
_GIVEN = "="
_LOCKS = "locks"


class Source(NamedTuple):
    """Something rows come from: its columns in order, those that hold the distribution key, and its group."""

    columns: Sequence[str] = ()
    keys: frozenset[str] = frozenset()
    group: str | None = None


Sources: TypeAlias = Mapping[str, Source]


class Equal:
    """What a statement sets equal."""

    def __init__(self) -> None:
        self._next: dict[Key, Key] = {}
        self._given: list[Key] = []

    def join(self, one: Key, other: Key) -> None:
        """Set two equal."""
        self._given += [key for key in (one, other) if key[0] == _GIVEN]
        first, second = self.root(one), self.root(other)
        if first != second:
            self._next[first] = second

    def root(self, key: Key) -> Key:
        """The one that stands for all that are equal."""
        while key in self._next:
            key = self._next[key]
        return key

    def is_given(self, key: Key) -> bool:
        """Whether it equals a parameter."""
        return self.root(key) in {self.root(each) for each in self._given}


def objections(sql: str) -> list[str]:
    """What speaks against a statement; raises `sqlglot.errors.SqlglotError` for what is none."""
    tree = parse(sql)
    for select in tree.find_all(exp.Select):
        # The tables that a lock names are no further sources.
        select.meta[_LOCKS] = select.args.pop("locks", None)
    scopes = list(chain.from_iterable(traverse_scope(query) for query in _queries(tree)))
    return list(dict.fromkeys([*_in_general(tree), *chain.from_iterable(_of_scope(scope) for scope in scopes)]))


def _queries(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The selects of a statement; what an update or delete changes is looked for by a select as well."""
    if isinstance(tree, exp.Query):
        yield tree
    elif isinstance(tree, exp.Insert):
        if isinstance(tree.expression, exp.Query):
            yield tree.expression
    elif isinstance(tree, exp.Update | exp.Delete):
        query = exp.select("1").from_(tree.this.copy())
        from_ = tree.args.get("from_")
        for other in [from_.this] if from_ else tree.args.get("using") or []:
            query = query.join(other.copy(), join_type="cross")
        if where := tree.args.get("where"):
            query = query.where(where.this.copy())
        yield query
    for cte in tree.find_all(exp.CTE):
        if not isinstance(cte.this, exp.Select | exp.SetOperation):
            yield from _queries(cte.this)


def _in_general(tree: exp.Expr) -> Iterator[str]:
    """What no statement may do, wherever in it."""
    tables = list(tree.find_all(exp.Table))
    known = {table.name: metadata.tables[table.name] for table in tables if table.name in metadata.tables}
    named = {cte.alias for cte in tree.find_all(exp.CTE)} | known.keys()
    strange = {table.name for table in tables if table.name and not table.name.startswith(_SERVERS_OWN)} - named
    yield from (f"meets an unknown table {name}" for name in sorted(strange))
    if {"local", "distributed"} <= {table.info["sharding"] for table in known.values()}:
        yield "brings local and sharded tables together"
    if tree.find(exp.Lateral):
        yield "is lateral"
    if any(each.args.get("recursive") for each in tree.find_all(exp.With)):
        yield "is recursive"
    if tree.find(*_CLOCK_NODES) or any(each.name.lower() in CLOCKS for each in tree.find_all(exp.Anonymous)):
        yield "asks the database for the time"
    for update in tree.find_all(exp.Update):
        moved = known[update.this.name].info.get("column") if update.this.name in known else None
        if any(each.this.name == moved for each in update.expressions if isinstance(each, exp.EQ)):
            yield f"moves rows of {update.this.name} to other shards"


def _of_scope(scope: Scope) -> Iterator[str]:
    """What speaks against one select, taken together with the conditions that ask other tables about its rows."""
    if not isinstance(scope.expression, exp.Select) or _belongs_above(scope):
        return
    sources, equal = _joined(scope)
    sharded = {alias: source for alias, source in sources.items() if source.group}
    groups = sorted({source.group for source in sharded.values() if source.group})
    if len(groups) > 1:
        yield f"joins the groups {' and '.join(groups)}"
    elif len(sharded) > 1:
        roots = [{equal.root((alias, key)) for key in source.keys} for alias, source in sharded.items()]
        if not set.intersection(*roots):
            yield f"joins {' and '.join(sorted(sharded))} by something else than their shards"
    for lock in scope.expression.meta.get(_LOCKS) or []:
        locked = {each.name for each in lock.expressions} or set(sharded)
        if locked & sharded.keys() and lock.args.get("wait") is False:
            yield "skips locked rows of sharded tables"
        for alias in sorted(locked & sharded.keys()):
            if not any(equal.is_given((alias, key)) for key in sharded[alias].keys):
                yield f"locks rows of {alias} on all shards"


def _belongs_above(scope: Scope) -> bool:
    """Whether it is judged with the select around it: what EXISTS asks, and what looks at rows outside."""
    if not scope.is_subquery:
        return False
    looks_outside = any(column.table and column.table not in scope.sources for column in scope.columns)
    return looks_outside or isinstance(scope.expression.parent, exp.Exists)


def _joined(scope: Scope) -> tuple[Sources, Equal]:
    """All that a select brings together, and what it sets equal."""
    parts = [scope]
    for part in parts:
        parts += [each for each in part.subquery_scopes if _belongs_above(each)]
    sources = {alias: _source(*found) for part in parts for alias, found in part.selected_sources.items()}
    equal = Equal()
    for part in parts:
        for condition in _conditions(part.expression):
            _note(condition, sources, equal)
    return sources, equal


def _conditions(select: exp.Expr) -> Iterator[exp.Expr]:
    joins = select.args.get("joins") or []
    where = select.args.get("where")
    for condition in (*(join.args.get("on") for join in joins), where and where.this):
        if condition is not None:
            yield from condition.flatten() if isinstance(condition, exp.And) else (condition,)


def _note(condition: exp.Expr, sources: Sources, equal: Equal) -> None:
    if isinstance(condition, exp.EQ):
        one, other = _key(condition.left, sources), _key(condition.right, sources)
        if one and other:
            equal.join(one, other)


def _key(part: exp.Expr, sources: Sources) -> Key | None:
    while isinstance(part, exp.Cast | exp.Paren):
        part = part.this
    if isinstance(part, exp.Parameter | exp.Placeholder | exp.Literal):
        return _GIVEN, part.sql()
    if not isinstance(part, exp.Column):
        return None
    homes = [part.table] if part.table else [alias for alias, each in sources.items() if part.name in each.columns]
    return (homes[0], part.name) if len(homes) == 1 else None


def _source(node: exp.Selectable, found: exp.Table | Scope) -> Source:
    """What a name in FROM stands for."""
    if isinstance(found, Scope):
        names = [each.name for each in (node.args.get("alias") or exp.TableAlias()).args.get("columns") or []]
        if isinstance(found.expression, exp.Unnest):
            return Source(names)
        return Source(_output(found).columns) if _is_read_first(found) else _output(found)
    table = metadata.tables.get(node.name)
    if table is None:
        return Source()
    names = [column.name for column in table.columns]
    if table.info["sharding"] != "distributed":
        return Source(names)
    return Source(names, frozenset([table.info["column"]]), table.info["group"])


def _is_read_first(scope: Scope) -> bool:
    """Whether a cluster reads it where it is, and then brings it to every shard that it is joined to."""
    around = scope.expression.parent
    return isinstance(around, exp.CTE) and bool(around.args.get("materialized"))


def _output(scope: Scope) -> Source:
    """What comes out of a select, and in which of its columns the distribution key still is."""
    if scope.set_operation_scopes:
        return _united([_output(each) for each in scope.set_operation_scopes])
    if not isinstance(scope.expression, exp.Select):
        return Source()
    sources, equal = _joined(scope)
    own = {alias: sources[alias] for alias in scope.selected_sources}
    groups = {source.group for source in own.values() if source.group}
    keys = {equal.root((alias, key)) for alias, source in own.items() for key in source.keys}
    columns = list(_columns(scope.expression, own))
    held = {name for name, key in columns if key and equal.root(key) in keys}
    return Source([name for name, _ in columns], frozenset(held), next(iter(groups), None))


def _columns(select: exp.Expr, sources: Sources) -> Iterator[tuple[str, Key | None]]:
    for each in select.expressions:
        if each.is_star:
            named = each.args.get("table")
            for alias in [named.name] if named else sources:
                yield from ((name, (alias, name)) for name in sources[alias].columns)
        else:
            yield each.alias_or_name, _key(each.unalias(), sources)


def _united(parts: Sequence[Source]) -> Source:
    places: Iterable[tuple[str, ...]] = zip(*(part.columns for part in parts), strict=True)
    is_aligned = len({part.group for part in parts}) == 1
    held = {
        names[0]
        for names in places
        if is_aligned and all(name in part.keys for name, part in zip(names, parts, strict=True))
    }
    return Source(parts[0].columns, frozenset(held), next((part.group for part in parts if part.group), None))
