"""The contract as written: its text, its types, and the directives on each of its parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from graphql import (
    ConstDirectiveNode,
    DirectiveNode,
    GraphQLSchema,
    build_schema,
    get_argument_values,
    is_input_object_type,
    is_object_type,
)

PATH = Path(__file__).parents[2] / "schema.graphql"

ENFORCED = frozenset({"auth", "constraint", "rateLimit"})
"""Directives that guard a field; `@cost` and `@listSize` are judged on the document, the others only tell."""


class ContractError(Exception):
    """The contract and the code do not say the same."""


class Applied(NamedTuple):
    """A directive where it stands: `where` is `Type`, `Type.field` or `Type.field(argument:)`."""

    where: str
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Contract:
    """One reading of a contract."""

    text: str
    schema: GraphQLSchema

    @classmethod
    def read(cls, text: str) -> "Contract":
        """Parse and validate the text; a fault in it is a GraphQLError that names the line."""
        return cls(text, build_schema(text))

    def applied(self, part: Any, where: str) -> list[Applied]:
        """The directives on a type, field, argument or input field, with defaults filled in."""
        node = part.ast_node
        return [Applied(where, each.name.value, self._values(each)) for each in (node and node.directives) or ()]

    @property
    def version(self) -> str:
        """Twelve characters that change whenever the text changes."""
        return sha256(self.text.encode()).hexdigest()[:12]

    def limit(self, type_name: str, field: str, constraint: str) -> int:
        """A number that `@constraint` gives an input field, for those who have to tell it."""
        written = self.schema.type_map[type_name]
        applied = self.applied(written.fields[field], f"{type_name}.{field}")  # type: ignore[attr-defined]
        return int(next(each.values[constraint] for each in applied if each.name == "constraint"))

    def all_applied(self) -> Iterator[Applied]:
        """Every directive on objects and inputs; an interface speaks through its objects."""
        for name, written in self.schema.type_map.items():
            if not (is_object_type(written) or is_input_object_type(written)):
                continue
            yield from self.applied(written, name)
            for key, field in written.fields.items():
                yield from self.applied(field, f"{name}.{key}")
                for argument, spec in getattr(field, "args", {}).items():
                    yield from self.applied(spec, f"{name}.{key}({argument}:)")

    def _values(self, node: DirectiveNode | ConstDirectiveNode) -> Mapping[str, Any]:
        definition = self.schema.get_directive(node.name.value)
        return get_argument_values(definition, node, None) if definition else {}


@lru_cache(maxsize=1)
def contract() -> Contract:
    """The contract of this version, read once."""
    return Contract.read(PATH.read_text())
