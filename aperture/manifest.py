"""Makes the manifest of trusted documents from a folder of operations."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from aperture.documents import DocumentRefused, Documents
from aperture.persisted import hash_of
from core.errors import ApiError

Named = OperationDefinitionNode | FragmentDefinitionNode


class CannotBuild(Exception):
    """The folder holds something that cannot become a trusted document."""


def build(folder: Path, documents: Documents) -> dict[str, str]:
    """Hash and text of each operation in the `*.graphql` files below a folder, in the order of their names.

    Each text holds the fragments its operation needs, from whichever file, and is printed in one way. Types are passed
    over, so a copy of the contract may lie beside the operations. Raises `CannotBuild` for files that cannot be read,
    names that are missing or used twice, and documents this server would refuse.
    """
    found = _definitions(folder)
    operations = [one for _, one in sorted(found.items()) if isinstance(one, OperationDefinitionNode)]
    fragments = {one.name.value: one for one in found.values() if isinstance(one, FragmentDefinitionNode)}
    texts = [_text(operation, fragments) for operation in operations]
    for operation, text in zip(operations, texts, strict=True):
        _require_valid(f"operation {_name(operation)}", text, documents)
    return {hash_of(text): text for text in texts}


def _definitions(folder: Path) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for path in sorted(folder.rglob("*.graphql")):
        for definition in _parsed(path).definitions:
            if not isinstance(definition, Named):
                continue
            kind = "fragment" if isinstance(definition, FragmentDefinitionNode) else "operation"
            name = f"{kind} {_name(definition)}"
            if not _name(definition):
                raise CannotBuild(f"{path}: every operation needs a name")
            if name in found:
                raise CannotBuild(f"{path}: there are two of {name}")
            found[name] = definition
    return found


def _parsed(path: Path) -> DocumentNode:
    try:
        return parse(path.read_text("utf-8"), no_location=True)
    except (OSError, UnicodeDecodeError, GraphQLError) as error:
        raise CannotBuild(f"{path}: {error}") from error


def _text(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> str:
    needed: dict[str, DefinitionNode] = {}
    waiting = list(_spreads(operation))
    while waiting:
        name = waiting.pop(0)
        if name in fragments and name not in needed:
            needed[name] = fragments[name]
            waiting += _spreads(fragments[name])
    return print_ast(DocumentNode(definitions=(operation, *needed.values())))


def _spreads(definition: Named) -> Iterator[str]:
    names: list[str] = []

    class Spreads(Visitor):
        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
            names.append(node.name.value)

    visit(definition, Spreads())
    return iter(names)


def _require_valid(name: str, text: str, documents: Documents) -> None:
    try:
        documents.require(text)
    except DocumentRefused as refused:
        raise CannotBuild(f"{name}: {refused.errors[0].message}") from refused
    except ApiError as refused:
        raise CannotBuild(f"{name}: {refused.message}") from refused


def _name(definition: Named) -> str:
    return definition.name.value if definition.name else ""
