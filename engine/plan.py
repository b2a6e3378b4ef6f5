"""What a document asks of a schema: for each place and object type the fields to read, worked out once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from engine.arguments import Arguments
from engine.kinds import FieldKind, Kind, Wanted, kind_of, reader_of
from engine.leaves import Leaf
from engine.objects import Objects
from engine.rows import Maker, maker
from engine.wanted import wanted_below

TYPENAME: Final = "__typename"


class Unsupported(Exception):
    """The operation needs something that only the reference executor does; the text says what."""


class Form(NamedTuple):
    """A type without its wrappers, and whether null may stand at each depth: for a list, for its items, and so on."""

    named: GraphQLNamedType
    nullable: tuple[bool, ...]

    @classmethod
    def of(cls, type_: Any) -> "Form":
        """The form of an output type."""
        nullable = []
        while True:
            nullable.append(not is_non_null_type(type_))
            type_ = type_ if nullable[-1] else type_.of_type
            if not is_list_type(type_):
                return cls(type_, tuple(nullable))
            type_ = type_.of_type


@dataclass(slots=True, eq=False)
class Field:
    """One response key of an object: how its values are read, and what is selected below them.

    `inner` is what its values are without the lists around them: leaves, or objects of which more is selected.
    """

    key: str
    name: str
    parent: GraphQLObjectType
    nodes: list[FieldNode]
    form: Form
    kind: FieldKind
    arguments: Arguments
    wanted: Wanted
    inner: "Leaf | Selection"

    def __str__(self) -> str:
        """`Type.field`, as errors name it."""
        return f"{self.parent.name}.{self.name}"


@dataclass(slots=True, eq=False)
class Shape:
    """All that is selected of objects of one type at one place, in the order of the answer."""

    fields: Sequence[Field]
    rows: Maker


@dataclass(slots=True, eq=False)
class Selection:
    """What is selected at one place, whatever type an object there turns out to have."""

    plan: "Plan"
    details: list[FieldDetails]
    objects: Objects
    _shapes: dict[str, Shape] = field(default_factory=dict)

    def shape(self, type_: GraphQLObjectType) -> Shape:
        """What to read of objects of this type; worked out when the first one turns up."""
        shape = self._shapes.get(type_.name)
        if shape is None:
            shape = self._shapes[type_.name] = self.plan.shape_below(type_, self.details)
        return shape


class Plan:
    """One operation of a document, for one choice of the variables that steer `@include` and `@skip`.

    `root` is what is asked of the root type.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDetails],
        choice: Mapping[str, bool],
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = dict(fragments)
        self.choice = VariableValues({}, dict(choice))
        self.root = self._root()

    def _root(self) -> Shape:
        type_ = self.schema.get_root_type(self.operation.operation)
        if type_ is None:
            raise Unsupported("root type")
        found = collect_fields(self.schema, self.fragments, self.choice, type_, self.operation)
        return self._shape(type_, found.grouped_field_set)

    def shape_below(self, type_: GraphQLObjectType, details: list[FieldDetails]) -> Shape:
        """What is asked of objects of a type below fields with these nodes."""
        found = collect_subfields(self.schema, self.fragments, self.choice, self.operation, type_, details)
        return self._shape(type_, found.grouped_field_set)

    def _shape(self, type_: GraphQLObjectType, grouped: Mapping[str, list[FieldDetails]]) -> Shape:
        fields = [self._field(type_, key, details) for key, details in grouped.items()]
        return Shape(fields, maker(tuple(grouped)))

    def _field(self, parent: GraphQLObjectType, key: str, details: list[FieldDetails]) -> Field:
        nodes = [each.node for each in details]
        name = nodes[0].name.value
        definition = self.schema.get_field(parent, name)
        if definition is None:
            raise TypeError(f"{parent.name} has no field {name}: the document is not valid for the schema")
        form, kind = Form.of(definition.type), _kind(parent, name, definition)
        return Field(
            key=key,
            name=name,
            parent=parent,
            nodes=nodes,
            form=form,
            kind=kind,
            arguments=Arguments.of(self.schema, definition, nodes[0]),
            wanted=self._wanted(nodes, kind),
            inner=Leaf.of(form.named)
            if is_leaf_type(form.named)
            else self._selection(parent, name, definition, details),
        )

    def _selection(
        self, parent: GraphQLObjectType, name: str, definition: GraphQLField, details: list[FieldDetails]
    ) -> "Selection":
        return Selection(self, details, Objects.of(self.schema, parent, name, definition.type))

    def _wanted(self, nodes: list[FieldNode], kind: FieldKind) -> Wanted:
        if not kind.looks_ahead:
            return frozenset()
        fragments = {name: each.definition for name, each in self.fragments.items()}
        return wanted_below(nodes, fragments, self.choice.coerced)


def _kind(parent: GraphQLObjectType, name: str, definition: GraphQLField) -> FieldKind:
    if name == TYPENAME:
        return FieldKind(Kind.ATTRIBUTE, lambda _: parent.name)
    return kind_of(definition) or FieldKind(Kind.ATTRIBUTE, reader_of(definition))
