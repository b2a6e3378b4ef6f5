"""How large a document may be: one linear rule over its text and its selections, asked before anything else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    parse,
)

from core.errors import ApiError

CHARACTERS: Final = 20_000
# To parse and validate this many takes some 15 ms; the largest screens have 500.
TOKENS: Final = 1_000
DEFINITIONS: Final = 60
VARIABLES: Final = 100
DEPTH: Final = 15
# The introspection query of the field's tools is 15 to 17 levels deep and reads nothing but the schema.
INTROSPECTION_DEPTH: Final = 20
ALIASES: Final = 30
FIELDS: Final = 1_500
# Comparing them is what costs most; fragments of one screen may well ask for the same field.
REPEATS: Final = 100
# The whole schema takes 40 ms to tell, and costs nothing: no part of it more than a few times.
SCHEMAS: Final = 1
SCHEMA_REPEATS: Final = 3
DIRECTIVES: Final = 50
ROOT_FIELDS: Final = 20
SAME_MUTATION: Final = 3
VALUES: Final = 2_000

_SCHEMA_FIELDS: Final = {"__schema", "__type"}


def parse_within_limits(text: str) -> DocumentNode:
    """Parse at most `CHARACTERS` and `TOKENS`; beyond them the parser gives up with its own error."""
    return parse(text, max_source_length=CHARACTERS, max_lexical_tokens=TOKENS, max_comments=TOKENS)


def check(document: DocumentNode) -> None:
    """Refuse a document that is too large; raises ApiError.

    Fields, aliases and directives count once per place they are spread to, yet each fragment is measured once.
    Unknown and circular fragments count nothing: validation, which comes next, refuses them by name.
    """
    _at_most(DEFINITIONS, len(document.definitions), "definitions", "VALIDATION_FAILED")
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            _check_operation(definition, fragments)


def check_variables(variables: Mapping[str, Any]) -> None:
    """Refuse variables of too many values, objects and lists among them; raises ApiError."""
    waiting: list[Any] = [variables]
    count = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            count += len(value)
            if count > VALUES:
                raise ApiError(
                    "COST_LIMIT_EXCEEDED",
                    f"The variables have too many values; {VALUES} are allowed.",
                    {"limit": VALUES},
                )
            waiting += value.values() if isinstance(value, dict) else value


def depth(document: DocumentNode, operation: OperationDefinitionNode) -> int:
    """How deeply an operation is nested, as `check` counts it."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return _Measure(fragments).of_set(operation.selection_set).depth


def root_fields(document: DocumentNode, operation: OperationDefinitionNode) -> set[str]:
    """The names of the fields at the root of an operation, those in fragments too."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return set(_Measure(fragments).of_set(operation.selection_set).roots)


def _check_operation(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> None:
    _at_most(VARIABLES, len(operation.variable_definitions or ()), "variables", "VALIDATION_FAILED")
    try:
        size = _Measure(fragments).of_set(operation.selection_set)
    except RecursionError:
        size = _Size(depth=INTROSPECTION_DEPTH + 1)
    size.directives += len(operation.directives or ())
    size.directives += sum(len(variable.directives or ()) for variable in operation.variable_definitions or ())
    only_introspects = bool(size.roots) and all(name.startswith("__") for name in size.roots)
    depth = INTROSPECTION_DEPTH if only_introspects else DEPTH
    _at_most(depth, size.depth, "levels", "DEPTH_LIMIT_EXCEEDED")
    _at_most(ALIASES, size.aliases, "aliases", "COST_LIMIT_EXCEEDED")
    _at_most(FIELDS, size.fields, "fields", "COST_LIMIT_EXCEEDED")
    _at_most(REPEATS, size.repeats, "fields of one name beside each other", "COST_LIMIT_EXCEEDED")
    _at_most(SCHEMAS, size.schemas, "readings of the schema", "COST_LIMIT_EXCEEDED")
    _at_most(SCHEMA_REPEATS, size.schema_repeats, "readings of one part of the schema", "COST_LIMIT_EXCEEDED")
    _at_most(DIRECTIVES, size.directives, "directives", "COST_LIMIT_EXCEEDED")
    _at_most(ROOT_FIELDS, size.roots.total(), "fields at its root", "COST_LIMIT_EXCEEDED")
    if operation.operation is OperationType.MUTATION:
        _at_most(SAME_MUTATION, max(size.roots.values(), default=0), "calls of one mutation", "COST_LIMIT_EXCEEDED")


def _at_most(limit: int, count: int, what: str, code: str) -> None:
    if count > limit:
        raise ApiError(code, f"The document has too many {what}; {limit} are allowed.", {"limit": limit})


@dataclass
class _Size:
    """What a selection set amounts to, fragments included; `roots` counts the field names of its own level.

    `repeats` is how often one name comes on any one level, `schema_repeats` the same inside of introspection.
    """

    depth: int = 0
    fields: int = 0
    repeats: int = 0
    schemas: int = 0
    schema_repeats: int = 0
    aliases: int = 0
    directives: int = 0
    roots: Counter[str] = field(default_factory=Counter)

    def add(self, other: "_Size") -> None:
        self.fields += other.fields
        self.aliases += other.aliases
        self.directives += other.directives
        self.repeats = max(self.repeats, other.repeats)
        self.schemas += other.schemas
        self.schema_repeats = max(self.schema_repeats, other.schema_repeats)


class _Measure:
    """Measures the selections of one operation, remembering each fragment."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Size] = {}

    def of_set(self, selections: SelectionSetNode | None) -> _Size:
        size = _Size()
        for selection in selections.selections if selections else ():
            size.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                self._add_field(size, selection)
            else:
                self._add_level(size, self._of_fragment(selection))
        size.repeats = max(size.repeats, *size.roots.values(), 0)
        return size

    def _add_field(self, size: _Size, selection: FieldNode) -> None:
        name = selection.name.value
        size.fields += 1
        size.aliases += selection.alias is not None
        size.depth = max(size.depth, 1)
        size.roots[name] += 1
        if selection.selection_set:
            below = self.of_set(selection.selection_set)
            size.add(below)
            size.depth = max(size.depth, below.depth + 1)
            if name in _SCHEMA_FIELDS:
                size.schemas += name == "__schema"
                size.schema_repeats = max(size.schema_repeats, below.repeats)

    def _add_level(self, size: _Size, fragment: _Size) -> None:
        size.add(fragment)
        size.depth = max(size.depth, fragment.depth)
        size.roots.update(fragment.roots)

    def _of_fragment(self, selection: SelectionNode) -> _Size:
        if not isinstance(selection, FragmentSpreadNode):
            return self.of_set(getattr(selection, "selection_set", None))
        name = selection.name.value
        if name not in self._known:
            self._known[name] = _Size()
            if name in self._fragments:
                self._known[name] = self.of_set(self._fragments[name].selection_set)
        return self._known[name]
