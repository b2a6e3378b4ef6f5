"""What a walk found: things with an id, how each was reached, and every word that was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

WAYS: Final = 5
_BESIDE: Final = {"id", "__typename"}


@dataclass(frozen=True, slots=True)
class Way:
    """A step to a thing: from the thing before, or from a root field, along fields."""

    origin: str | None
    path: str


@dataclass(slots=True)
class Thing:
    """A thing with an id; `is_fetched` says whether `nodes` gave it, `lists` what stands along each path from it."""

    id: str
    kind: str
    is_fetched: bool = False
    ways: list[Way] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Findings:
    """All things by id, every string with the place where it was first said, and the errors that were answered.

    Not `is_whole` if time or patience ended before there was nothing left to walk.
    """

    things: dict[str, Thing] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    is_whole: bool = True
    operations: int = 0

    def of_kind(self, *kinds: str) -> set[str]:
        """The ids of all things of these types."""
        return {thing.id for thing in self.things.values() if thing.kind in kinds}

    def saying(self, text: str) -> list[str]:
        """The places where something contains a text."""
        return [place for word, place in self.words.items() if text in word]

    def steps_to(self, way: Way) -> list[str]:
        """The way of a thing from its root field, one step for each thing it passes."""
        steps, seen = [way.path], set[str]()
        while way.origin is not None and way.origin not in seen:
            seen.add(way.origin)
            way = self.things[way.origin].ways[0]
            steps.append(way.path)
        return steps[::-1]

    def take_in(self, answer: Any, origin: str | None, path: str) -> None:
        """Note what a part of an answer says; `origin` is the thing it was asked of."""
        if isinstance(answer, Mapping):
            if isinstance(answer.get("id"), str) and "__typename" in answer:
                self._meet(answer["id"], answer["__typename"], origin, path)
                origin, path = answer["id"], ""
            for name, value in answer.items():
                if name not in _BESIDE:
                    self.take_in(value, origin, _joined(path, name))
        elif isinstance(answer, list):
            for each in answer:
                self.take_in(each, origin, path)
        else:
            self._note(answer, origin, path)

    def _meet(self, id: str, kind: str, origin: str | None, path: str) -> None:
        thing = self.things.setdefault(id, Thing(id, kind))
        way = Way(origin, path)
        if id != origin and way not in thing.ways and len(thing.ways) < WAYS:
            thing.ways.append(way)
        if origin is not None and origin in self.things:
            listed = self.things[origin].lists.setdefault(path, [])
            if id not in listed:
                listed.append(id)
        self.words.setdefault(id, _place(origin, path))

    def _note(self, value: Any, origin: str | None, path: str) -> None:
        if isinstance(value, str):
            self.words.setdefault(value, _place(origin, path))
        if origin is not None:
            self.things[origin].facts[path] = value


def end_of(connection: Any) -> str | None:
    """The cursor that a connection goes on behind; None if it ends here, or is none."""
    info = connection.get("pageInfo") if isinstance(connection, Mapping) else None
    return info["endCursor"] if info and info["hasNextPage"] else None


def _joined(path: str, name: str) -> str:
    # A field whose name clashes in a union is asked for as `Type__field`.
    name = name.rpartition("__")[2] if "__" in name[1:] else name
    return f"{path}.{name}" if path else name


def _place(origin: str | None, path: str) -> str:
    return f"{path} of {origin}" if origin else path
