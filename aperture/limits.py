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
from core.limits import DEFAULTS, Limits

_SCHEMA_FIELDS: Final = {"__schema", "__type"}


def parse_within_limits(text: str, limits: Limits = DEFAULTS) -> DocumentNode:
    """Parse at most so many characters and tokens; beyond them the parser gives up with its own error."""
    tokens = limits.tokens
    return parse(text, max_source_length=limits.characters, max_lexical_tokens=tokens, max_comments=tokens)


def check(document: DocumentNode, limits: Limits = DEFAULTS) -> None:
    """Refuse a document that is too large; raises ApiError.

    Fields, aliases and directives count once per place they are spread to, yet each fragment is measured once.
    Unknown and circular fragments count nothing: validation, which comes next, refuses them by name.
    """
    _at_most(limits.definitions, len(document.definitions), "definitions", "VALIDATION_FAILED")
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            _check_operation(definition, fragments, limits)


def check_variables(variables: Mapping[str, Any], limits: Limits = DEFAULTS) -> None:
    """Refuse variables of too many values, objects and lists among them; raises ApiError."""
    waiting: list[Any] = [variables]
    count = 0
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            count += len(value)
            if count > limits.variable_values:
                raise ApiError(
                    "COST_LIMIT_EXCEEDED",
                    f"The variables have too many values; {limits.variable_values} are allowed.",
                    {"limit": limits.variable_values},
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


def _check_operation(
    operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode], limits: Limits
) -> None:
    _at_most(limits.variables, len(operation.variable_definitions or ()), "variables", "VALIDATION_FAILED")
    try:
        size = _Measure(fragments).of_set(operation.selection_set)
    except RecursionError:
        size = _Size(depth=limits.introspection_depth + 1)
    size.directives += len(operation.directives or ())
    size.directives += sum(len(variable.directives or ()) for variable in operation.variable_definitions or ())
    only_introspects = bool(size.roots) and all(name.startswith("__") for name in size.roots)
    depth = limits.introspection_depth if only_introspects else limits.depth
    _at_most(depth, size.depth, "levels", "DEPTH_LIMIT_EXCEEDED")
    _at_most(limits.aliases, size.aliases, "aliases", "COST_LIMIT_EXCEEDED")
    _at_most(limits.selections, size.fields, "fields", "COST_LIMIT_EXCEEDED")
    _at_most(limits.repeats, size.repeats, "fields of one name beside each other", "COST_LIMIT_EXCEEDED")
    _at_most(limits.schemas, size.schemas, "readings of the schema", "COST_LIMIT_EXCEEDED")
    _at_most(limits.schema_repeats, size.schema_repeats, "readings of one part of the schema", "COST_LIMIT_EXCEEDED")
    _at_most(limits.directives, size.directives, "directives", "COST_LIMIT_EXCEEDED")
    _at_most(limits.root_fields, size.roots.total(), "fields at its root", "COST_LIMIT_EXCEEDED")
    if operation.operation is OperationType.MUTATION:
        _at_most(
            limits.same_mutation, max(size.roots.values(), default=0), "calls of one mutation", "COST_LIMIT_EXCEEDED"
        )


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
