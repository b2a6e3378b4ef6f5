"""The scanner of the door: who reads more of a guarded table than ids, states and times outside it."""

import ast
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Table
from sqlglot import exp
from sqlglot.errors import SqlglotError

from models.base import Base
from models.registry import metadata
from tests.architecture.sql import UNKNOWN, Found, parse, statements
from tests.architecture.tree import ROOT, Module, called, dotted, imported, modules

DOOR = "services/visibility/"
GUARDED = ("users", "posts", "comments", "media", "media_tags", "uploads", "accounts", "sessions", "linked_identities")
_CLASSES = {
    mapper.class_.__tablename__: (mapper.class_.__module__, mapper.class_.__name__) for mapper in Base.registry.mappers
}
_FREE = re.compile(r"id|\w+_id|\w+_at|state|status|is_counted")
_REASON = re.compile(r"# unguarded: \S")

# A guarded class may be handed to these; whatever else gets it is taken for a read of its rows.
_TAKE_TABLES = {"insert", "update", "delete", "join", "outerjoin", "select_from", "aliased", "later"}
# What stands inside these decides which rows are met or what is written; nothing of it comes out.
_TAKE_CONDITIONS = {"where", "filter", "filter_by", "having", "order_by", "group_by", "join", "outerjoin", "values"}
_BRING_OUT = {"select", "returning"}
_CONDITIONS = {"is_", "is_not", "in_", "not_in", "like", "ilike", "startswith", "contains", "between", "asc", "desc"}


class Finding(NamedTuple):
    """A place that breaks the rule."""

    path: str
    line: int
    told: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.told}"


def unguarded_reads(root: Path = ROOT) -> list[str]:
    """What a tree reads around the door without a reason, and reasons that excuse nothing."""
    outside = [module for module in modules(root) if not module.path.startswith(DOOR)]
    found: dict[Module, list[tuple[ast.AST, str]]] = {module: list(_class_reads(module)) for module in outside}
    for each in statements(outside):
        found[each.module] += [(each.node, told) for told in _sql_reads(each)]
    return [str(finding) for module in outside for finding in sorted(_unexcused(module, found[module]))]


def _unexcused(module: Module, reads: Iterable[tuple[ast.AST, str]]) -> Iterator[Finding]:
    reasons = _reasons(module)
    used = set()
    for node, told in reads:
        lines = reasons.keys() & _lines(module, node)
        used |= lines
        if not lines:
            yield Finding(module.path, getattr(node, "lineno", 0), told)
    for line in reasons.keys() - used:
        yield Finding(module.path, line, "this reason excuses nothing")


def _reasons(module: Module) -> Mapping[int, str]:
    if "# unguarded" not in module.text:
        return {}
    tokens = tokenize.generate_tokens(StringIO(module.text).readline)
    return {each.start[0]: each.string for each in tokens if _REASON.match(each.string)}


def _lines(module: Module, node: ast.AST) -> set[int]:
    """The lines of the statement around a node, its head alone if it has a body, and the comments right above it."""
    statement = next(each for each in (node, *module.above(node)) if isinstance(each, ast.stmt))
    body = getattr(statement, "body", None)
    first, last = statement.lineno, (body[0].lineno - 1 if body else statement.end_lineno or statement.lineno)
    text = module.text.splitlines()
    while first > 1 and text[first - 2].lstrip().startswith("#"):
        first -= 1
    return set(range(first, last + 1))


def _class_reads(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Uses of mapped classes that bring rows or content out of guarded tables."""
    names = _names_of_tables(module)
    if names:
        annotations = _annotations(module)
        for node in module.nodes:
            table = names.get(dotted(node))
            if table is not None and node not in annotations and isinstance(getattr(node, "ctx", None), ast.Load):
                told = _use(module, node, table)
                if told:
                    yield node, told


def _names_of_tables(module: Module) -> dict[str, Table]:
    """What the module calls guarded tables: imported classes, those of imported modules, and aliases of both."""
    names: dict[str, Table] = {}
    for local, full in imported(module).items():
        for name in GUARDED:
            home, cls = _CLASSES[name]
            if full in {home, f"{home}.{cls}"}:
                names[f"{local}.{cls}" if full == home else local] = metadata.tables[name]
    for node in module.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and called(value) == "aliased" and value.args:
                value = value.args[0]
            if (table := names.get(dotted(value).removesuffix(".__table__"))) is not None:
                names[node.targets[0].id] = table
    return names


def _annotations(module: Module) -> set[ast.AST]:
    roots = [
        root
        for node in module.nodes
        for root in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if root is not None
    ]
    return {node for root in roots for node in ast.walk(root)}


def _use(module: Module, node: ast.AST, table: Table) -> str | None:
    """What a mention of a table brings out, or None."""
    parent = module.parents[node]
    if isinstance(parent, ast.Attribute):
        if parent.attr in {"__table__", "c", "columns"}:
            return _use(module, parent, table)
        is_content = parent.attr in table.columns and not _FREE.fullmatch(parent.attr)
        return f"reads {table.name}.{parent.attr}" if is_content and not _is_condition(module, parent) else None
    is_target = isinstance(parent, ast.Call) and node in parent.args and called(parent) in _TAKE_TABLES
    is_lock = isinstance(parent, ast.keyword) and parent.arg == "of"
    is_alias = isinstance(parent, ast.Assign)
    return None if is_target or is_lock or is_alias else f"reads whole rows of {table.name}"


def _is_condition(module: Module, node: ast.AST) -> bool:
    """Whether a column decides or is written, on the way up to the call that would bring it out."""
    for parent in module.above(node):
        if isinstance(parent, ast.Compare | ast.keyword):
            return True
        if isinstance(parent, ast.Call):
            takers = _CONDITIONS if node is parent.func else _TAKE_CONDITIONS
            if called(parent) in takers:
                return True
        if isinstance(parent, ast.stmt) or called(parent) in _BRING_OUT:
            return False
        node = parent
    return False


def _sql_reads(found: Found) -> Iterator[str]:
    """What a statement in a string brings out of guarded tables."""
    mentioned = [table for table in GUARDED if re.search(rf"\b{table}\b", found.sql)]
    if not mentioned:
        return
    try:
        tree = parse(found.sql)
    except SqlglotError:
        yield f"cannot be read, and names {mentioned[0]}"
        return
    for part in tree.find_all(exp.Select, exp.Update, exp.Delete, exp.Insert):
        sources = {table.alias_or_name: metadata.tables[table.name] for table in _tables(part)}
        for column in _brought_out(part):
            yield from _read(column, sources)


def _tables(part: exp.Expr) -> Iterator[exp.Table]:
    """The guarded tables that stand in a part itself, not in a select within it."""
    for table in part.find_all(exp.Table):
        if table.name in GUARDED and table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert) is part:
            yield table


def _brought_out(part: exp.Expr) -> Iterator[exp.Expr]:
    returning = part.args.get("returning")
    outputs = part.expressions if isinstance(part, exp.Select) else returning.expressions if returning else []
    for output in outputs:
        for column in output.find_all(exp.Column, exp.Star, exp.Placeholder):
            if column.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert) is part:
                yield column


def _read(column: exp.Expr, sources: Mapping[str, Table]) -> Iterator[str]:
    if isinstance(column, exp.Star):
        if isinstance(column.parent, exp.Select | exp.Returning):
            yield from (f"reads whole rows of {table.name}" for table in sources.values())
        return
    if isinstance(column, exp.Placeholder):
        if column.name.endswith(UNKNOWN[1:]):
            yield from (f"brings unknown columns out of {table.name}" for table in sources.values())
        return
    for alias, table in sources.items():
        is_here = column.args.get("table") is None or column.text("table") == alias
        if is_here and (isinstance(column.this, exp.Star) or column.name == alias):
            yield f"reads whole rows of {table.name}"
        elif is_here and column.name in table.columns and not _FREE.fullmatch(column.name):
            yield f"reads {table.name}.{column.name}"
