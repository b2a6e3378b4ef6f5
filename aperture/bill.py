"""What an operation cost, field by field: as it was reckoned, and as its answer came out by the same prices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest
from math import ceil
from typing import Any, Final

from aperture.cost import Member, Part, Plan, Reckoning

FIELDS: Final = 100

Path = tuple[str, ...]


@dataclass(slots=True)
class _Line:
    """One field: its points with everything below it."""

    coordinate: str
    requested: float = 0
    actual: float = 0


def estimate(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """`requested` points, and the `FIELDS` dearest fields with theirs."""
    lines = _requested(plan, Reckoning(values))
    return {"requested": plan.cost(values), "fields": [_told(path, each) for path, each in _dearest(lines)]}


def bill(plan: Plan, values: Mapping[str, Any], data: Mapping[str, Any] | None) -> dict[str, Any]:
    """As `estimate`, with the `actual` points of an answer: lists count by their length, what is null costs nothing.

    Which type an object has is told by its `__typename`, else by its keys; between types that both fit, the costliest.
    """
    reckoning = Reckoning(values)
    walk = _Walk(reckoning, _requested(plan, reckoning))
    actual = 0 if data is None else walk.object(plan.root, data, (), 1)
    return {
        "requested": plan.cost(values),
        "actual": ceil(actual),
        "fields": [_told(path, each) | {"actual": ceil(each.actual)} for path, each in _dearest(walk.lines)],
    }


class _Walk:
    """One walk along an answer; `lines` get what it finds."""

    def __init__(self, reckoning: Reckoning, lines: dict[Path, _Line]) -> None:
        self.lines = lines
        self._reckoning = reckoning

    def object(self, member: Member, found: Mapping[str, Any], path: Path, times: float) -> float:
        """Points of one object with everything below it; it is one of at most so many as `times`."""
        return member.weight + sum(
            self._part(part, found[part.key], (*path, part.key), times) for part in member.parts if part.key in found
        )

    def _part(self, part: Part, found: Any, path: Path, times: float) -> float:
        line = self.lines.setdefault(path, _Line(part.coordinate))
        line.requested = max(line.requested, self._reckoning.of_part(part, times))
        points = part.members[0].weight if part.is_leaf else self._below(part, found, path, times)
        line.actual += points
        return points

    def _below(self, part: Part, found: Any, path: Path, times: float) -> float:
        below = self._reckoning.times(part, times)
        return sum(self.object(self._member(part, each), each, path, below) for each in _objects(found))

    def _member(self, part: Part, found: Mapping[str, Any]) -> Member:
        if len(part.members) == 1:
            return part.members[0]
        named = [each for each in part.members if each.type_name == found.get("__typename")]
        fitting = named or [each for each in part.members if each.keys >= found.keys()]
        fewest = min(len(each.keys) for each in fitting)
        return self._reckoning.costliest([each for each in fitting if len(each.keys) == fewest])


def _requested(plan: Plan, reckoning: Reckoning) -> dict[Path, _Line]:
    return {each.path: _Line(each.coordinate, each.points) for each in reckoning.fields(plan.root)}


def _dearest(lines: dict[Path, _Line]) -> list[tuple[Path, _Line]]:
    return nlargest(FIELDS, lines.items(), key=lambda line: line[1].requested)


def _told(path: Path, line: _Line) -> dict[str, Any]:
    return {"path": path, "coordinate": line.coordinate, "requested": ceil(line.requested)}


def _objects(found: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a field, however deep its lists are."""
    if isinstance(found, list):
        for each in found:
            yield from _objects(each)
    elif found is not None:
        yield found
