"""Every field runs a level at a time, and no client names the person it acts for."""

import inspect
import re

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from aperture.graphql import schema
from engine.kinds import Kind, kind_of, misdeclared, walk_fields
from schema.contract import contract

# The acting person is whoever sent the token: AUTH-06.
ACTOR = re.compile(
    r"(actor|viewer|caller|me|my|self|current_?user|acting_?user|as_?user|on_?behalf\w*)(_?(id|handle))?", re.IGNORECASE
)


def test_every_field_runs_a_level_at_a_time() -> None:
    assert misdeclared(schema._schema) == []


def test_no_field_below_a_list_waits_for_one_object() -> None:
    places = [place for place in walk_fields(schema._schema) if place.is_below_list]
    kinds = {f"{place.parent}.{place.name}": kind_of(place.field) for place in places}

    assert len(places) > 100
    assert [
        name
        for name, kind in kinds.items()
        if kind is not None
        and kind.kind is Kind.ATTRIBUTE
        and inspect.iscoroutinefunction(inspect.unwrap(kind.declared))
    ] == []
    assert {kind.kind for kind in kinds.values() if kind is not None} == {Kind.ATTRIBUTE, Kind.BATCHED}


def test_a_batched_field_takes_all_parents_and_waits() -> None:
    kinds = {f"{place.parent}.{place.name}": kind_of(place.field) for place in walk_fields(schema._schema)}

    assert [
        name
        for name, kind in kinds.items()
        if kind is not None and kind.kind is Kind.BATCHED
        if not inspect.iscoroutinefunction(inspect.unwrap(kind.declared))
        or [*inspect.signature(kind.declared).parameters][:2] != ["parents", "ctx"]
    ] == []


def test_no_argument_names_the_acting_person() -> None:
    names = set()
    for part in contract().schema.type_map.values():
        if isinstance(part, GraphQLInputObjectType):
            names |= {f"{part.name}.{name}" for name in part.fields}
        elif isinstance(part, GraphQLObjectType | GraphQLInterfaceType):
            names |= {f"{part.name}.{field}.{name}" for field, each in part.fields.items() for name in each.args}

    assert "FollowUserInput.userId" in names
    assert {name for name in names if ACTOR.fullmatch(name.rpartition(".")[2])} == {"AuditLogFilter.actorId"}
