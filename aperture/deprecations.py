"""Which deprecated parts of the schema an operation uses."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    type_from_ast,
    value_from_ast_untyped,
)

from schema.operations import DeprecationUse

_DATE: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")

Deprecable = GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue


def deprecations(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[DeprecationUse]:
    """Every deprecated field, argument, input field and enum value, where it stands first.

    `variables` are as the client sent them. A date in the reason is when the part goes away.
    """
    search = _Search(schema, document)
    root = schema.get_root_type(operation.operation)
    found = {use.coordinate: use for use in search.in_variables(operation, variables)}
    found |= {use.coordinate: use for use in reversed([*search.in_set(operation.selection_set, root, [])])}
    return list(found.values())


class _Search:
    """One walk over an operation; a fragment is read where it is spread first."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._seen: set[str] = set()

    def in_variables(self, operation: OperationDefinitionNode, values: Mapping[str, Any]) -> Iterator[DeprecationUse]:
        for each in operation.variable_definitions or ():
            kind = type_from_ast(self._schema, each.type)
            yield from _in_value(kind, values.get(each.variable.name.value), None)

    def in_set(self, selections: SelectionSetNode | None, parent: Any, path: list[str]) -> Iterator[DeprecationUse]:
        for each in selections.selections if selections else ():
            if isinstance(each, FieldNode):
                yield from self._in_field(each, parent, [*path, (each.alias or each.name).value])
                continue
            fragment: Any = each
            if isinstance(each, FragmentSpreadNode):
                if each.name.value in self._seen:
                    continue
                self._seen.add(each.name.value)
                fragment = self._fragments[each.name.value]
            condition = fragment.type_condition
            yield from self.in_set(
                fragment.selection_set, self._schema.type_map[condition.name.value] if condition else parent, path
            )

    def _in_field(self, node: FieldNode, parent: Any, path: list[str]) -> Iterator[DeprecationUse]:
        declared = getattr(parent, "fields", {}).get(node.name.value)
        if declared is None:
            return
        where = f"{parent.name}.{node.name.value}"
        yield from _use(where, declared, path)
        for argument in node.arguments or ():
            name = argument.name.value
            yield from _use(f"{where}({name}:)", declared.args[name], path)
            yield from _in_value(declared.args[name].type, value_from_ast_untyped(argument.value), path)
        yield from self.in_set(node.selection_set, get_named_type(declared.type), path)


def _in_value(kind: Any, value: Any, path: list[str] | None) -> Iterator[DeprecationUse]:
    target = get_named_type(kind)
    if isinstance(value, list):
        for each in value:
            yield from _in_value(target, each, path)
    elif is_enum_type(target) and value in target.values:
        yield from _use(f"{target.name}.{value}", target.values[value], path)
    elif is_input_object_type(target) and isinstance(value, dict):
        for name in value.keys() & target.fields.keys():
            yield from _use(f"{target.name}.{name}", target.fields[name], path)
            yield from _in_value(target.fields[name].type, value[name], path)


def _use(coordinate: str, part: Deprecable, path: list[str] | None) -> Iterator[DeprecationUse]:
    if part.deprecation_reason is not None:
        yield DeprecationUse(
            coordinate=coordinate, path=path, reason=part.deprecation_reason, removal_date=_day(part.deprecation_reason)
        )


def _day(reason: str) -> date | None:
    named = _DATE.search(reason)
    return date.fromisoformat(named[0]) if named else None
