"""What of a document is for one viewer alone: fields that go by who that is, and variables that say where to resume."""

from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    visit,
)

from engine.kinds import kind_of

_RESUME: Final = "after"


def selects_personal(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether an operation selects a field that is marked personal, on whatever type and condition."""
    root = schema.get_root_type(operation.operation)
    return root is not None and _Search(schema, document).finds(root, operation.selection_set)


def resuming_variables(document: DocumentNode, operation: OperationDefinitionNode) -> frozenset[str]:
    """Variables that are used once, as the `after` of a root field: no field of an event sees them."""
    uses = _Uses()
    visit(document, uses)
    return frozenset(
        argument.value.name.value
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode)
        for argument in node.arguments or ()
        if argument.name.value == _RESUME
        and isinstance(argument.value, VariableNode)
        and uses.counts[argument.value.name.value] == _DECLARED_AND_USED
    )


_DECLARED_AND_USED: Final = 2


class _Uses(Visitor):
    """How often each variable is named in a document."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.counts[node.name.value] = self.counts.get(node.name.value, 0) + 1


class _Search:
    """Looks at each selection once; a fragment has the same type wherever it stands."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }

    def finds(self, parent: GraphQLNamedType, selected: SelectionSetNode) -> bool:
        return any(self._finds(parent, node) for node in selected.selections)

    def _finds(self, parent: GraphQLNamedType, node: SelectionNode) -> bool:
        if isinstance(node, FieldNode):
            return self._is_personal(parent, node) or self._finds_below(parent, node)
        inside = self._fragments.pop(node.name.value, None) if isinstance(node, FragmentSpreadNode) else node
        if not isinstance(inside, FragmentDefinitionNode | InlineFragmentNode):
            return False
        condition = inside.type_condition
        return self.finds(self._schema.type_map[condition.name.value] if condition else parent, inside.selection_set)

    def _is_personal(self, parent: GraphQLNamedType, node: FieldNode) -> bool:
        types = self._schema.get_possible_types(parent) if is_abstract_type(parent) else [parent]
        found = (getattr(each, "fields", {}).get(node.name.value) for each in types)
        return any(kind is not None and kind.is_personal for kind in map(kind_of, filter(None, found)))

    def _finds_below(self, parent: GraphQLNamedType, node: FieldNode) -> bool:
        field = getattr(parent, "fields", {}).get(node.name.value)
        below = get_named_type(field.type) if field else None
        return node.selection_set is not None and is_composite_type(below) and self.finds(below, node.selection_set)
