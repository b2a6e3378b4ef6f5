"""What the command line says about the contract: does the code keep it, and what changed since another version."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from graphql import GraphQLSchema, find_schema_changes
from graphql.utilities import BreakingChange, SafeChange
from graphql.utilities.find_schema_changes import DangerousChangeType

from aperture.graphql import schema
from schema.contract import Contract, differences

Values: TypeAlias = Mapping[str, Any]


class Severity(StrEnum):
    """What a change means for a client that was written for the old version."""

    BREAKING = "BREAKING"
    DANGEROUS = "DANGEROUS"
    SAFE = "SAFE"


class Change(NamedTuple):
    """One difference between two versions of the contract."""

    severity: Severity
    text: str


def check() -> list[str]:
    """Where `schema.graphql` and the code differ: `-` stands in the contract alone, `+` in the code alone."""
    return differences(schema)


def diff(old: str, new: str) -> list[Change]:
    """What changed between two contracts given as text, the gravest first.

    Shapes are compared by graphql-core, except that an added optional input is safe here; directives and deprecations
    are compared on every place that both versions have.
    """
    before, after = Contract.read(old), Contract.read(new)
    found = [*_shapes(before.schema, after.schema), *_directives(before, after)]
    return sorted(set(found), key=lambda each: (list(Severity).index(each.severity), each.text))


def _shapes(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    added = {DangerousChangeType.OPTIONAL_ARG_ADDED, DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED}
    for each in find_schema_changes(old, new):
        if isinstance(each, BreakingChange):
            yield Change(Severity.BREAKING, each.description)
        elif isinstance(each, SafeChange) or each.type in added:
            yield Change(Severity.SAFE, each.description)
        else:
            yield Change(Severity.DANGEROUS, each.description)


def _directives(old: Contract, new: Contract) -> Iterator[Change]:
    parts = dict(new.places())
    for where, part in old.places():
        if where not in parts:
            continue
        before, after = _by_name(old, part, where), _by_name(new, parts[where], where)
        for name in sorted(before.keys() | after.keys()):
            judge = _JUDGES.get(name, _told)
            for severity, text in judge(before.get(name, []), after.get(name, [])):
                yield Change(severity, f"{where} @{name}: {text}")


def _by_name(version: Contract, part: Any, where: str) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = {}
    for each in version.applied(part, where):
        found.setdefault(each.name, []).append(each.values)
    return found


Judge: TypeAlias = Callable[[list[Values], list[Values]], Iterator[tuple[Severity, str]]]

LEVELS = ("ACCOUNT", "VIEWER", "RECENT_VIEWER", "MODERATOR", "ADMIN")
"""Sessions of `@auth`, each harder to have than the one before."""


def _auth(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    before, after = (each[0]["requires"] if each else "nothing" for each in (old, new))
    rank = ("nothing", *LEVELS).index
    if before != after:
        harder = rank(after) > rank(before)
        yield Severity.BREAKING if harder else Severity.SAFE, f"needed {before}, now {after}"


def _constraint(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    before, after = dict(old[0]) if old else {}, dict(new[0]) if new else {}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        is_looser = now is None or (was is not None and name != "pattern" and (now > was) is name.startswith("max"))
        yield Severity.SAFE if is_looser else Severity.BREAKING, f"{name} was {_or_none(was)}, now {_or_none(now)}"


def _rate_limit(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    before, after = ({(each["window"], each["scope"]): each["limit"] for each in limits} for limits in (old, new))
    for window, scope in sorted(before.keys() | after.keys()):
        was, now = before.get((window, scope)), after.get((window, scope))
        if was != now:
            is_looser = now is None or (was is not None and now > was)
            told = f"limit per {window} s and {scope} was {_or_none(was)}, now {_or_none(now)}"
            yield Severity.SAFE if is_looser else Severity.DANGEROUS, told


def _cost(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    was, now = (float(each[0]["weight"]) if each else None for each in (old, new))
    if was != now:
        is_cheaper = was is not None and (now or 1) < was
        yield Severity.SAFE if is_cheaper else Severity.DANGEROUS, f"weight was {_or_none(was)}, now {_or_none(now)}"


def _list_size(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    if old != new:
        yield Severity.DANGEROUS, "the size is reckoned in another way"


def _semantic_non_null(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    if old and not new:
        yield Severity.BREAKING, "null may now be a fact"
    elif old != new:
        yield Severity.DANGEROUS if old else Severity.SAFE, "null now only stands for a failure, at other depths"


def _one_of(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    if bool(old) != bool(new):
        yield (
            (Severity.BREAKING, "exactly one field is now asked for") if new else (Severity.SAFE, "no longer asked for")
        )


def _degradable(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    if bool(old) != bool(new):
        yield (
            (Severity.DANGEROUS, "now given up first under load")
            if new
            else (Severity.SAFE, "no longer given up first")
        )


def _told(old: list[Values], new: list[Values]) -> Iterator[tuple[Severity, str]]:
    """Directives that only tell, such as `@deprecated`."""
    if old != new:
        yield Severity.SAFE, ", ".join(str(value) for each in new for value in each.values()) or "no longer"


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)


_JUDGES: dict[str, Judge] = {
    "auth": _auth,
    "constraint": _constraint,
    "cost": _cost,
    "degradable": _degradable,
    "listSize": _list_size,
    "oneOf": _one_of,
    "rateLimit": _rate_limit,
    "semanticNonNull": _semantic_non_null,
}
