"""The canonical form of a schema, in which the contract and the running schema must agree."""

from collections.abc import Iterator

import strawberry
from graphql import (
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    get_named_type,
    parse,
    print_ast,
    print_schema,
)

from schema.contract.written import Contract, ContractError, contract

SHAPING = frozenset({"oneOf", "specifiedBy"})
"""Directives that belong to the shape; the others exist in the contract alone."""


def canonical(schema: GraphQLSchema) -> frozenset[str]:
    """One line for each type, field, argument list, default, enum value and union member; words and order left out."""
    used_by_directives = {get_named_type(arg.type).name for each in schema.directives for arg in each.args.values()}
    nodes = [node for node in parse(print_schema(schema), no_location=True).definitions if _is_type(node)]
    lines = {node.name.value: list(_lines(node)) for node in nodes if isinstance(node, TypeDefinitionNode)}
    for name in used_by_directives - _used_by_fields(schema):
        lines.pop(name, None)
    return frozenset(line for each in lines.values() for line in each)


def differences(running: strawberry.Schema, written: Contract | None = None) -> list[str]:
    """What the code and the contract, by default that of this version, do not both say.

    `-` stands in the contract alone, `+` in the code alone.
    """
    code, words = canonical(running._schema), canonical((written or contract()).schema)  # noqa: SLF001 - no other way
    found = [("-", line) for line in words - code] + [("+", line) for line in code - words]
    return [f"{sign} {line}" for sign, line in sorted(found, key=lambda each: (each[1].split("(")[0], each[0]))]


def require_agreement(running: strawberry.Schema, written: Contract | None = None) -> None:
    """Raise `ContractError` with the differences, if there are any."""
    found = differences(running, written)
    if found:
        raise ContractError("\n".join(["schema.graphql and the code differ (- contract, + code):", *found]))


def _is_type(node: object) -> bool:
    return isinstance(node, TypeDefinitionNode)


def _used_by_fields(schema: GraphQLSchema) -> set[str]:
    used = set()
    for each in schema.type_map.values():
        for field in getattr(each, "fields", {}).values():
            used |= {get_named_type(part.type).name for part in (field, *getattr(field, "args", {}).values())}
    return used


def _lines(node: TypeDefinitionNode) -> Iterator[str]:
    name = node.name.value
    match node:
        case ScalarTypeDefinitionNode():
            yield f"scalar {name}{_shape(node)}"
        case EnumTypeDefinitionNode(values=values):
            yield f"enum {name}"
            yield from (f"{name}.{each.name.value}" for each in values or ())
        case UnionTypeDefinitionNode(types=types):
            yield from (f"union {name} = {each.name.value}" for each in types or ())
        case InputObjectTypeDefinitionNode(fields=inputs):
            yield f"input {name}{_shape(node)}"
            yield from (f"{name}.{_argument(each)}" for each in inputs or ())
        case ObjectTypeDefinitionNode(fields=fields) | InterfaceTypeDefinitionNode(fields=fields):
            kind = "interface" if isinstance(node, InterfaceTypeDefinitionNode) else "type"
            implemented = sorted(each.name.value for each in node.interfaces or ())
            yield f"{kind} {name}{' implements ' if implemented else ''}{' & '.join(implemented)}"
            yield from (f"{name}.{_field(each)}" for each in fields or ())


def _field(node: FieldDefinitionNode) -> str:
    arguments = ", ".join(sorted(_argument(each) for each in node.arguments or ()))
    return f"{node.name.value}{f'({arguments})' if arguments else ''}: {print_ast(node.type)}"


def _argument(node: InputValueDefinitionNode) -> str:
    default = f" = {print_ast(node.default_value)}" if node.default_value else ""
    return f"{node.name.value}: {print_ast(node.type)}{default}"


def _shape(node: TypeDefinitionNode) -> str:
    return "".join(f" {print_ast(each)}" for each in node.directives or () if each.name.value in SHAPING)
