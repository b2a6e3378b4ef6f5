"""Random Strawberry schemas whose fields declare their kinds, and whose values fail now and then, always alike."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Union

import strawberry
from graphql import GraphQLSchema

from schema.fields import attribute, batched, root
from tests.engine.comparison import Context

Maker = Callable[[random.Random], Any]


@strawberry.enum
class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@strawberry.input
class Size:
    width: int
    height: int | None = 3


@dataclass
class Kind:
    """A type values can have: its annotation, what makes a good value, and what makes a bad one."""

    annotation: Any
    good: Maker
    bad: Sequence[Any] = ()


class Trouble(Exception):
    """What fields of random schemas raise."""


LEAVES = [
    Kind(str, lambda r: r.choice(["", "a", "ü", 'quote"'])),
    Kind(int, lambda r: r.randint(-9, 9), (2**40, "seven")),
    Kind(float, lambda r: r.random(), (float("nan"), "x")),
    Kind(bool, lambda r: r.random() < 0.5, (object(),)),
    Kind(strawberry.ID, lambda r: r.choice(["1", 2]), (1.5,)),
    Kind(Colour, lambda r: r.choice(list(Colour)), ("green", 3)),
]


@dataclass
class Graph:
    """One random schema on its way: types only lead to types made before them."""

    draw: random.Random
    kinds: list[Kind] = field(default_factory=lambda: list(LEAVES))
    types: list[Any] = field(default_factory=list)

    def made(self) -> GraphQLSchema:
        """The graphql-core schema beneath the Strawberry one."""
        for number in range(self.draw.randint(1, 3)):
            self._interface(number)
        for number in range(self.draw.randint(0, 2)):
            self._union(number)
        query = strawberry.type(type("Query", (), self._fields("q", 6, root_only=True)))
        mutation = strawberry.type(type("Mutation", (), self._fields("m", 3, root_only=True)))
        return strawberry.Schema(query, mutation, types=self.types)._schema

    def _interface(self, number: int) -> None:
        base = strawberry.interface(type(f"Face{number}", (), _seeded(self._fields(f"f{number}", 2))))
        members = []
        for letter in "ABC"[: self.draw.randint(1, 3)]:
            name = f"Type{number}{letter}"
            members.append(strawberry.type(type(name, (base,), self._fields(name.lower(), 4))))
        self.types += members
        self.kinds += [Kind(each, _object(each), (object(),)) for each in members]
        self.kinds.append(Kind(base, lambda r: _object(r.choice(members))(r), (object(),)))

    def _union(self, number: int) -> None:
        members = self.draw.sample(self.types, min(len(self.types), self.draw.randint(1, 3)))
        if len(members) > 1:
            either: Any = Union[tuple(members)]  # noqa: UP007 - made at run time
            union: Any = Annotated[either, strawberry.union(f"Either{number}")]
            self.kinds.append(Kind(union, lambda r: _object(r.choice(members))(r), (object(), 3)))

    def _fields(self, prefix: str, count: int, *, root_only: bool = False) -> dict[str, Any]:
        return {f"{prefix}_{n}": self._field(f"{prefix}_{n}", root_only=root_only) for n in range(count)}

    def _field(self, name: str, *, root_only: bool) -> Any:
        kind = self.draw.choice(self.kinds if not root_only else self.kinds[-6:])
        annotation, make = kind.annotation, self._value(kind)
        for _ in range(self.draw.choice([0, 0, 1, 1, 2])):
            if self.draw.random() < 0.6:
                annotation, make = annotation | None, _or(make, None, 0.15)
            annotation, make = list[annotation], _several(make)  # type: ignore[valid-type]
        if self.draw.random() < 0.6:
            annotation, make = annotation | None, _or(make, None, 0.15)
        make = _or(make, None, 0.03)
        if root_only:
            return root(_as_root(name, annotation, make))
        if self.draw.random() < 0.5:
            return attribute(_as_attribute(name, annotation, make))
        return batched(_as_batch(name, annotation, make))

    def _value(self, kind: Kind) -> Maker:
        make = kind.good
        for bad in kind.bad:
            make = _or(make, bad, 0.03)
        return _or_trouble(make)


def _seeded(namespace: dict[str, Any]) -> dict[str, Any]:
    return {**namespace, "__annotations__": {"seed": strawberry.Private[int]}}


def _object(class_: Any) -> Maker:
    return lambda r: class_(seed=r.randrange(1 << 30))


def _several(make: Maker) -> Maker:
    def several(r: random.Random) -> Any:
        items = [make(r) for _ in range(r.choice([0, 1, 2, 3]))]
        return r.choice([items, items, tuple(items), iter(items)]) if r.random() < 0.9 else r.choice([7, items])

    return several


def _or(make: Maker, other: Any, chance: float) -> Maker:
    return lambda r: other if r.random() < chance else make(r)


def _or_trouble(make: Maker) -> Maker:
    # Each its own: an error keeps the frames it was raised in, and they what the reference executor left behind.
    return lambda r: Trouble("a value") if r.random() < 0.03 else make(r)


def _of(name: str, seed: int, args: Any, make: Maker) -> Any:
    """The value of a field of one object: always the same; some raise instead."""
    r = random.Random(f"{name} {seed} {args!r}")
    if r.random() < 0.04:
        raise Trouble(f"{name} of {seed}")
    return make(r)


def _as_attribute(name: str, annotation: Any, make: Maker) -> Any:
    def read(self: Any, *, n: int | None = None, colour: Colour = Colour.RED) -> Any:
        return _of(name, self.seed, (n, colour), make)

    return _named(read, name, annotation)


def _as_batch(name: str, annotation: Any, make: Maker) -> Any:
    async def read(parents: list[Any], ctx: Context, *, size: Size | None = None, n: int = 1) -> Any:
        assert ctx is not None
        return [_or_error(name, parent.seed, (size, n), make) for parent in parents]

    return _named(read, name, list[annotation])


def _as_root(name: str, annotation: Any, make: Maker) -> Any:
    async def read(ctx: Context, *, n: int | None = None, sizes: list[Size] | None = None) -> Any:
        assert ctx is not None
        return _of(name, 0, (n, sizes), make)

    return _named(read, name, annotation)


def _or_error(name: str, seed: int, args: Any, make: Maker) -> Any:
    try:
        return _of(name, seed, args, make)
    except Trouble as error:
        return error


def _named(function: Any, name: str, annotation: Any) -> Any:
    function.__name__ = name
    function.__qualname__ = name
    function.__annotations__ = {**function.__annotations__, "return": annotation}
    return function
