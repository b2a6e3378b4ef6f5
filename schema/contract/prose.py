"""Words: descriptions and deprecations go from the contract into the running schema."""

from typing import Any

from graphql import GraphQLSchema, is_enum_type


def describe(running: GraphQLSchema, written: GraphQLSchema) -> None:
    """Copy every description and deprecation whose place exists in both; code has no words of its own."""
    for name, source in written.type_map.items():
        target = running.type_map.get(name)
        if target is None or name.startswith("__"):
            continue
        target.description = source.description
        if is_enum_type(target):
            _copy(target.values, getattr(source, "values", {}))
        else:
            _copy(getattr(target, "fields", {}), getattr(source, "fields", {}))


def _copy(targets: dict[str, Any], sources: dict[str, Any]) -> None:
    for name in targets.keys() & sources.keys():
        target, source = targets[name], sources[name]
        target.description = source.description
        target.deprecation_reason = source.deprecation_reason
        _copy(getattr(target, "args", {}), getattr(source, "args", {}))
