"""The example operations: shared with the GraphiQL page, each with an answer that was once given."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    NameNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    visit,
)

from aperture import cost
from aperture.prices import Prices
from schema.contract import Contract

FOLDER: Final = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Example:
    """One file of `aperture/examples`: the comment on top is `group: title`, a hint, and variables if it has any."""

    group: str
    title: str
    hint: str
    query: str
    variables: str
    answer: str | None

    @classmethod
    def read(cls, path: Path) -> "Example":
        """The example of a file, and the answer beside it if there is one."""
        text = path.read_text()
        comment = [line.removeprefix("#").removeprefix(" ") for line in text.splitlines() if line.startswith("#")]
        split = next((at for at, line in enumerate(comment) if line.startswith("{")), len(comment))
        group, _, title = comment[0].partition(": ")
        answer = path.parent / "answers" / f"{path.stem}.json"
        return cls(
            group,
            title,
            hint=" ".join(comment[1:split]),
            query="\n".join(line for line in text.splitlines() if not line.startswith("#")),
            variables="\n".join(comment[split:]),
            answer=answer.read_text().strip() if answer.is_file() else None,
        )

    @cached_property
    def document(self) -> DocumentNode:
        return parse(self.query)

    @property
    def operation(self) -> OperationDefinitionNode:
        return next(one for one in self.document.definitions if isinstance(one, OperationDefinitionNode))

    @property
    def name(self) -> str:
        return self.operation.name.value if self.operation.name else ""

    @property
    def kind(self) -> str:
        return self.operation.operation.value

    def points(self, contract: Contract) -> int:
        """What it costs with its variables."""
        values: Mapping[str, Any] = json.loads(self.variables or "{}")
        plan = cost.plan(contract.schema, Prices.of(contract), self.document, self.operation)
        return plan.cost(values)

    def links(self, schema: GraphQLSchema) -> list[tuple[int, int, str]]:
        """Start and end of every field in the text, and its coordinate."""
        finder = _Finder(schema)
        visit(self.document, finder.visitor())
        return finder.found

    def roots(self) -> list[str]:
        """The coordinates of the fields it starts with."""
        fields = (each for each in self.operation.selection_set.selections if isinstance(each, FieldNode))
        return [f"{self.kind.capitalize()}.{each.name.value}" for each in fields]


class _Finder(Visitor):
    """Notes every field of a document with the type it belongs to."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.found: list[tuple[int, int, str]] = []
        self._info = TypeInfo(schema)

    def visitor(self) -> TypeInfoVisitor:
        return TypeInfoVisitor(self._info, self)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        if parent and not node.name.value.startswith("__"):
            self.found.append((*_span(node.name), f"{parent.name}.{node.name.value}"))


def _span(name: NameNode) -> tuple[int, int]:
    return (name.loc.start, name.loc.end) if name.loc else (0, 0)


def examples() -> Iterator[Example]:
    """All of them, in the order of their file names."""
    return (Example.read(path) for path in sorted(FOLDER.glob("*.graphql")))
