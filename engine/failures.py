"""Errors of an operation, told once for each place that they emptied."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from graphql import FieldNode, GraphQLError, located_error

Path: TypeAlias = tuple[str | int, ...]


class _Broken:
    """A value that its type forbids to be null, and that has none: an error is told, and the null rises from here."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = _Broken()


class Failure(NamedTuple):
    """An error, the place of the field it belongs to (a `GraphQLError` may name a path of its own), and if it rises."""

    error: GraphQLError
    path: Path
    is_rising: bool


@dataclass(slots=True)
class Failures:
    """What went wrong so far, and where nulls that rose came to rest."""

    _all: list[Failure] = field(default_factory=list)
    _emptied: set[Path] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether anything went wrong: as long as nothing did, nobody has to look for `BROKEN`."""
        return bool(self._all)

    def add(self, error: Exception, nodes: list[FieldNode], path: Path, *, is_rising: bool) -> None:
        """Tell an error at its place; it rises if null is forbidden there."""
        self._all.append(Failure(located_error(error, nodes, list(path)), path, is_rising))

    def rested(self, path: Path) -> None:
        """A null that rose has come to rest here."""
        self._emptied.add(path)

    def told(self) -> list[GraphQLError]:
        """One error for each place left empty: none of those below it, which no client can see."""
        kept: dict[Path, GraphQLError] = {}
        for error, path, is_rising in self._all:
            above = [path[:size] for size in range(len(path)) if path[:size] in self._emptied]
            place = above.pop() if is_rising and above else path
            if not above:
                kept.setdefault(place, error)
        return list(kept.values())


def is_any_broken(values: Sequence[Any]) -> bool:
    """Whether a null rises from one of them."""
    return any(value is BROKEN for value in values)
