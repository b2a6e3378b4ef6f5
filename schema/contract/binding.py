"""Puts the contract into the running schema: words on every part, guards around every declared field function."""

from collections.abc import Iterable
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from engine.kinds import FieldKind, Guard, Kind, kind_of
from schema.contract.constraints import Check, Rules
from schema.contract.guards import (
    Demand,
    Rate,
    guard,
    guard_attribute,
    require_quota,
    require_session,
    require_sound_input,
    stand_back,
)
from schema.contract.prose import describe
from schema.contract.written import ENFORCED, Applied, Contract, ContractError, contract

_DEFINITION = "strawberry-definition"


def bind(running: strawberry.Schema, written: Contract | None = None) -> frozenset[tuple[str, str]]:
    """Bind a schema to the contract, by default that of this version; doing it again changes nothing.

    Answers which directives now guard something, as `(place, directive)`. A directive on a field that no guard can
    stand before is a `ContractError`.
    """
    binding = _Binding(running._schema, written or contract())  # noqa: SLF001 - no other way to graphql-core
    describe(binding.running, binding.written.schema)
    _mark_one_of(binding.running)
    for each in binding.running.type_map.values():
        if isinstance(each, GraphQLObjectType) and not each.name.startswith("__"):
            binding.bind_type(each)
    return frozenset(binding.bound)


def _mark_one_of(running: GraphQLSchema) -> None:
    """Strawberry checks `@oneOf` by itself and does not tell graphql-core, whose introspection then denies it."""
    for each in running.type_map.values():
        if isinstance(each, GraphQLInputObjectType):
            each.is_one_of = each.extensions[_DEFINITION].is_one_of


class _Binding:
    """One pass over a schema; remembers input types, which refer to each other."""

    def __init__(self, running: GraphQLSchema, written: Contract) -> None:
        self.running = running
        self.written = written
        self.bound: set[tuple[str, str]] = set()
        self._inputs: dict[str, list[Check]] = {}
        self._guarded: dict[FieldKind, tuple[str, list[Applied]]] = {}

    def bind_type(self, parent: GraphQLObjectType) -> None:
        written = self.written.schema.type_map.get(parent.name)
        for name in parent.fields.keys() & getattr(written, "fields", {}).keys():
            self._bind_field(parent, name)

    def _bind_field(self, parent: GraphQLObjectType, name: str) -> None:
        where, field, kind = f"{parent.name}.{name}", parent.fields[name], kind_of(parent.fields[name])
        is_mutation = parent is self.running.mutation_type
        checks = self._checks(field.args, where)
        demands = [
            *self._extras(parent, name),
            *self._sessions(parent, name),
            *([require_sound_input(checks, is_mutation=is_mutation)] if checks else ()),
            *self._quotas(parent, name, is_mutation=is_mutation),
        ]
        if kind is None or kind.kind is Kind.ATTRIBUTE:
            self._bind_attribute(where, kind, checks, len(demands) - bool(checks))
        else:
            kind.guard(*_guards(kind, demands))
        self._require_one_voice(where, kind, self._written_field(parent, name))

    def _require_one_voice(self, where: str, kind: FieldKind | None, field: GraphQLField) -> None:
        """Objects that inherit a function from their interface share its guards, so they must ask for the same."""
        if kind is None:
            return
        parts = {"": field, **field.args}
        told = [
            each for key, part in parts.items() for each in self.written.applied(part, key) if each.name in ENFORCED
        ]
        other, same = self._guarded.setdefault(kind, (where, told))
        if told != same:
            raise ContractError(f"{where} and {other} are one function under different directives")

    def _bind_attribute(self, where: str, kind: FieldKind | None, checks: list[Check], others: int) -> None:
        if others or (checks and kind is None):
            raise ContractError(f"{where} has a directive, but no function that a guard could stand before")
        if kind is not None:
            kind.guard(*([guard_attribute(checks)] if checks else ()))

    def _sessions(self, parent: GraphQLObjectType, name: str) -> list[Demand]:
        """Demands of `@auth` on the field, and on the object type it leads to."""
        field = self._written_field(parent, name)
        target = get_named_type(field.type)
        applied = [
            *self.written.applied(field, f"{parent.name}.{name}"),
            *self.written.applied(target, target.name),
        ]
        return [require_session(each.values["requires"]) for each in self._take(applied, "auth")]

    def _extras(self, parent: GraphQLObjectType, name: str) -> list[Demand]:
        applied = self.written.applied(self._written_field(parent, name), f"{parent.name}.{name}")
        return [stand_back for _ in self._take(applied, "degradable")]

    def _quotas(self, parent: GraphQLObjectType, name: str, *, is_mutation: bool) -> list[Demand]:
        where = f"{parent.name}.{name}"
        applied = self._take(self.written.applied(self._written_field(parent, name), where), "rateLimit")
        rates = [Rate(**each.values) for each in applied]
        return [require_quota(where, rates, is_mutation=is_mutation)] if rates else []

    def _checks(self, arguments: dict[str, GraphQLArgument], where: str) -> list[Check]:
        parent, _, name = where.partition(".")
        written: Any = self.written.schema.type_map[parent]
        return [
            self._check(key, argument, written.fields[name].args[key], f"{where}({key}:)")
            for key, argument in arguments.items()
            if key in written.fields[name].args
        ]

    def _check(self, name: str, running: GraphQLArgument | GraphQLInputField, written: Any, where: str) -> Check:
        rules = [Rules.of(each.values) for each in self._take(self.written.applied(written, where), "constraint")]
        target = get_named_type(running.type)
        return Check(
            name,
            running.extensions[_DEFINITION].python_name,
            rules[0] if rules else Rules(),
            self._input(target) if isinstance(target, GraphQLInputObjectType) else (),
        )

    def _input(self, target: GraphQLInputObjectType) -> list[Check]:
        """The checks of an input type; known before it is complete, since it may contain itself."""
        if target.name not in self._inputs:
            checks = self._inputs[target.name] = []
            written = getattr(self.written.schema.type_map.get(target.name), "fields", {})
            checks += [
                self._check(key, field, written[key], f"{target.name}.{key}")
                for key, field in target.fields.items()
                if key in written
            ]
        return self._inputs[target.name]

    def _written_field(self, parent: GraphQLObjectType, name: str) -> GraphQLField:
        written: Any = self.written.schema.type_map[parent.name]
        field: GraphQLField = written.fields[name]
        return field

    def _take(self, applied: Iterable[Applied], name: str) -> list[Applied]:
        taken = [each for each in applied if each.name == name]
        self.bound |= {(each.where, each.name) for each in taken}
        return taken


def _guards(kind: FieldKind, demands: list[Demand]) -> list[Guard]:
    return [guard(kind.kind, demands)] if demands else []
