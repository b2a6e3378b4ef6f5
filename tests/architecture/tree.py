"""The product's modules as syntax trees, in the working tree or in a changed copy of it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[2]
ROOMS = ("aperture", "resolvers", "subscriptions", "jobs", "schema", "loaders", "services", "models", "engine", "core")

Parents: TypeAlias = dict[ast.AST, ast.AST]


@dataclass(frozen=True)
class Module:
    """One file; `path` is relative to the root, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The whole file."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def parents(self) -> Parents:
        """The node above each node."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @property
    def name(self) -> str:
        """How the module is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes above a node, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node


def modules(root: Path = ROOT, rooms: tuple[str, ...] = ROOMS) -> list[Module]:
    """The files of these rooms, in the order of their paths; those of npm packages are not ours."""
    found = (path for room in rooms for path in (root / room).rglob("*.py"))
    files = sorted(path for path in found if "node_modules" not in path.parts)
    return [_module(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in files]


@cache
def _module(path: str, text: str) -> Module:
    """Several tests look at the same files; each is parsed once."""
    return Module(path, text)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for names and attributes of names, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def called(node: ast.AST) -> str:
    """The last name of what a call calls, `where` for `select(a).where(b)`; nothing for other nodes."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)


def imported(module: Module) -> dict[str, str]:
    """Local names and the full names they were imported by."""
    names: dict[str, str] = {}
    for node in module.nodes:
        if isinstance(node, ast.Import):
            names |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return names
