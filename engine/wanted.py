"""What an operation asks for below a field, so that it can be read at once."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from engine.kinds import Wanted

DEPTH = 8
"""Levels to look ahead: enough for every read that is planned, and a bound on what a document can make us compute."""


def wanted_below(
    nodes: Iterable[FieldNode], fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
) -> Wanted:
    """The paths selected below a field with these nodes, at most `DEPTH` levels down; `variables` are coerced."""
    sets = [node.selection_set for node in nodes if node.selection_set]
    return _one_of_equals(_Look(fragments, variables).below(sets, DEPTH))


@lru_cache(maxsize=1000)
def _one_of_equals(wanted: Wanted) -> Wanted:
    """Thousands of streams that ask for the same keep one set between them."""
    return wanted


class _Look:
    """One look ahead; remembers fragments, so that nesting them does not multiply the work."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]) -> None:
        self._fragments = fragments
        self._variables = variables
        self._known: dict[tuple[str, int], Wanted] = {}

    def below(self, sets: Iterable[SelectionSetNode], depth: int) -> Wanted:
        if depth == 0:
            return frozenset()
        return frozenset().union(*(self._one(node, depth) for each in sets for node in each.selections))

    def _one(self, node: SelectionNode, depth: int) -> Wanted:
        if not self._is_included(node):
            return frozenset()
        match node:
            case FieldNode(name=name, selection_set=inner):
                deeper = self.below([inner], depth - 1) if inner else ()
                return frozenset([name.value, *(f"{name.value}.{path}" for path in deeper)])
            case InlineFragmentNode(selection_set=inner):
                return self.below([inner], depth)
            case FragmentSpreadNode(name=name):
                return self._fragment(name.value, depth)
        return frozenset()

    def _fragment(self, name: str, depth: int) -> Wanted:
        if (name, depth) not in self._known:
            self._known[name, depth] = self.below([self._fragments[name].selection_set], depth)
        return self._known[name, depth]

    def _is_included(self, node: SelectionNode) -> bool:
        chosen = {each.name.value: self._condition(each) for each in node.directives or ()}
        return not chosen.get("skip", False) and chosen.get("include", True)

    def _condition(self, directive: DirectiveNode) -> bool:
        """The `if` of a directive; True for a directive that has none."""
        for argument in directive.arguments or ():
            match argument.value:
                case BooleanValueNode(value=value):
                    return value
                case VariableNode(name=name):
                    return bool(self._variables.get(name.value))
        return True
