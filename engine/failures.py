"""Errors of an operation, told once for each place that they emptied."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import FieldNode, GraphQLError, located_error

Path: TypeAlias = tuple[str | int, ...]


class _Broken:
    """A value that its type forbids to be null, and that has none: an error is told, and the null rises from here."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = _Broken()


@dataclass(slots=True)
class Failures:
    """What went wrong so far, and where nulls that rose came to rest."""

    _errors: list[GraphQLError] = field(default_factory=list)
    _rising: list[bool] = field(default_factory=list)
    _emptied: set[Path] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether anything went wrong: as long as nothing did, nobody has to look for `BROKEN`."""
        return bool(self._errors)

    def add(self, error: Exception, nodes: list[FieldNode], path: Path, *, is_rising: bool) -> None:
        """Tell an error at its place; it rises if null is forbidden there."""
        self._errors.append(located_error(error, nodes, list(path)))
        self._rising.append(is_rising)

    def rested(self, path: Path) -> None:
        """A null that rose has come to rest here."""
        self._emptied.add(path)

    def told(self) -> list[GraphQLError]:
        """One error for each place left empty: none of those below it, which no client can see."""
        kept: dict[Path, GraphQLError] = {}
        for error, is_rising in zip(self._errors, self._rising, strict=True):
            path = tuple(error.path or ())
            above = [path[:size] for size in range(len(path)) if path[:size] in self._emptied]
            place = above.pop() if is_rising and above else path
            if not above:
                kept.setdefault(place, error)
        return list(kept.values())


def is_any_broken(values: Sequence[Any]) -> bool:
    """Whether a null rises from one of them."""
    return any(value is BROKEN for value in values)
