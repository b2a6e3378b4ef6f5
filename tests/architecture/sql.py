"""The SQL in the product's strings, with constants put in where f-strings name them."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import sqlglot
from sqlglot import exp

from tests.architecture.tree import Module, dotted, imported

_VERBS = "select|with|insert into|update|delete from|merge|table|copy"
# Sentences begin with "Select".
_STATEMENT = re.compile(rf"[\s(]*(?:{_VERBS}|{_VERBS.upper()})\s")
UNKNOWN = ":part_of_no_constant"
"""Stands for a part of an f-string that is not a constant."""

_PARAMETER = re.compile(r"(?<!:):(?=[a-z])")


def parse(sql: str) -> exp.Expr:
    """A statement with parameters of SQLAlchemy or of asyncpg; raises `SqlglotError`."""
    # A parameter may have the name of a keyword.
    return sqlglot.parse_one(_PARAMETER.sub(":p_", sql), read="postgres")


class Found(NamedTuple):
    """A string that is a statement, and where it stands."""

    module: Module
    node: ast.expr
    sql: str


class Strings:
    """Constant strings by the full names of the modules' names they are bound to."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._imports = {module.name: imported(module) for module in modules}
        self._bound: dict[str, tuple[Module, ast.expr]] = {}
        for module in modules:
            for node in module.tree.body:
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    if isinstance(target, ast.Name):
                        self._bound[f"{module.name}.{target.id}"] = (module, node.value)

    def value(self, module: Module, node: ast.expr) -> str | None:
        """The string an expression stands for; None for other expressions."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(module, part) for part in node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self.value(module, node.left), self.value(module, node.right)
            return None if left is None and right is None else f"{left or UNKNOWN}{right or UNKNOWN}"
        found = self._bound.get(self._full_name(module, dotted(node)))
        return self.value(*found) if found else None

    def _part(self, module: Module, part: ast.expr) -> str:
        if not isinstance(part, ast.FormattedValue):
            return self.value(module, part) or ""
        known = self.value(module, part.value)
        return UNKNOWN if known is None else known

    def _full_name(self, module: Module, name: str) -> str:
        first, dot, rest = name.partition(".")
        return f"{self._imports[module.name].get(first, f'{module.name}.{first}')}{dot}{rest}"


def statements(modules: list[Module]) -> Iterator[Found]:
    """Every string that reads as an SQL statement."""
    strings = Strings(modules)
    for module in modules:
        for node in module.nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and _is_whole(module, node):
                sql = strings.value(module, node)
                if sql and _STATEMENT.match(sql):
                    yield Found(module, node, sql)


def _is_whole(module: Module, node: ast.AST) -> bool:
    """Whether a string is neither a docstring nor a part of another string."""
    parent = module.parents[node]
    is_part = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add)
    return not is_part and not isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue)
