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
    is_enum_type,
    is_interface_type,
)

PATH = Path(__file__).parents[2] / "schema.graphql"

ENFORCED = frozenset({"auth", "constraint", "degradable", "rateLimit"})
"""Directives that guard a field; the others only tell."""


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

    def places(self) -> Iterator[tuple[str, Any]]:
        """Every type, field, argument, input field and enum value, and how it is called in `Applied.where`."""
        for name, written in self.schema.type_map.items():
            yield name, written
            members = written.values if is_enum_type(written) else getattr(written, "fields", {})
            for key, member in members.items():
                yield f"{name}.{key}", member
                for argument, spec in getattr(member, "args", {}).items():
                    yield f"{name}.{key}({argument}:)", spec

    def applied(self, part: Any, where: str) -> list[Applied]:
        """The directives on one of the places, with defaults filled in."""
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
        """Every directive of the contract, in the order of its places."""
        for where, part in self.places():
            yield from self.applied(part, where)

    def must_be_bound(self) -> frozenset[tuple[str, str]]:
        """The `(place, directive)` pairs that guard something; an interface is guarded through its objects."""
        types = self.schema.type_map
        return frozenset(
            (each.where, each.name)
            for each in self.all_applied()
            if each.name in ENFORCED and not is_interface_type(types[each.where.partition(".")[0]])
        )

    def _values(self, node: DirectiveNode | ConstDirectiveNode) -> Mapping[str, Any]:
        definition = self.schema.get_directive(node.name.value)
        return get_argument_values(definition, node, None) if definition else {}


@lru_cache(maxsize=1)
def contract() -> Contract:
    """The contract of this version, read once."""
    return Contract.read(PATH.read_text())
