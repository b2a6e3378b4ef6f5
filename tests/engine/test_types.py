"""Which type a value has, where its class alone does not say: both executors ask the same, and of each value."""

from typing import Annotated, Any, Generic, TypeVar, Union

import pytest
import strawberry

from engine.objects import Objects
from engine.program import Compiler
from schema.fields import root
from tests.engine.comparison import Context, both
from tests.engine.conftest import ABANDONED

pytestmark = pytest.mark.filterwarnings(*ABANDONED)

T = TypeVar("T")


@strawberry.type
class Odd:
    number: int

    @classmethod
    def is_type_of(cls, obj: Any, info: strawberry.Info) -> bool:
        assert info.field_name
        return isinstance(obj, cls) and obj.number % 2 == 1


@strawberry.type
class Even:
    number: int

    @classmethod
    def is_type_of(cls, obj: Any, _: strawberry.Info) -> bool:
        return isinstance(obj, Odd | Even) and obj.number % 2 == 0


@strawberry.type
class Box(Generic[T]):
    held: T


@strawberry.interface
class Animal:
    name: str

    @classmethod
    def resolve_type(cls, obj: Any, info: Any, abstract: Any) -> Any:
        if obj.name == "?":
            raise LookupError(
                f"{info.parent_type}.{info.field_name}: {info.return_type} {abstract} {info.is_awaitable(obj)}"
            )
        return {"fish": "Fish", "odd": "Odd", "animal": "Animal", "gone": "Gone", "seven": 7}.get(obj.name, "Bird")


@strawberry.type
class Fish(Animal):
    pass


@strawberry.type
class Bird(Animal):
    pass


Number = Annotated[Union[Odd, Even], strawberry.union("Number")]  # noqa: UP007 - the union has a name
Boxes = Annotated[Union[Box[int], Box[str]], strawberry.union("Boxes")]  # noqa: UP007


@strawberry.type
class Query:
    @root
    async def numbers(ctx: Context) -> list[Number | None]:
        return [Odd(number=1), Odd(number=2), Even(number=4), Even(number=3)]

    @root
    async def all_odd(ctx: Context) -> list[Odd | None]:
        return [Odd(number=1), Odd(number=2), None]

    @root
    async def boxes(ctx: Context) -> list[Boxes]:
        return [Box(held=1), Box(held="a"), Box(held=2)]

    @root
    async def animals(ctx: Context, *, names: list[str]) -> list[Animal | None]:
        return [Bird(name=name) for name in names]

    @root
    async def birds(ctx: Context) -> list[Bird | None]:
        return [Bird(name="a"), Bird(name="b")]


@strawberry.interface
class Face:
    seed: int


@strawberry.type
class Nose(Face):
    pass


@strawberry.type
class Ear(Face):
    pass


@strawberry.type
class Chin(Face):
    """Not a type of the schema."""


COMPILER = Compiler(strawberry.Schema(Query, types=[Fish, Bird, Nose, Ear])._schema)


@pytest.mark.parametrize(
    "text",
    [
        "{ numbers { __typename ... on Odd { number } ... on Even { even: number } } }",
        "{ allOdd { number } }",
        "{ boxes { __typename ... on IntBox { held } ... on StrBox { text: held } } }",
        '{ animals(names: ["fish", "b", "fish"]) { __typename name } }',
        '{ animals(names: ["b", "fish"]) { __typename name } }',
        '{ animals(names: ["?", "odd", "animal", "gone", "seven"]) { __typename name } }',
        "{ birds { __typename name } }",
    ],
)
async def test_both_find_the_same_types(text: str) -> None:
    (await both(COMPILER, text)).require_equal()


def test_a_class_that_says_it_all_is_asked_once() -> None:
    types: Any = COMPILER.schema.type_map
    objects = Objects.of(COMPILER.schema, types["Query"], "faces", types["Face"])

    assert objects.of_all([Nose(seed=1)], {Nose}) is types["Nose"]
    assert objects.type_of(Ear(seed=3)) is types["Ear"]
    assert objects._by_class == {Nose: types["Nose"], Ear: types["Ear"]}
    assert objects.of_all([Ear(seed=4)], {Ear}) is types["Ear"]
    assert objects.of_all([Nose(seed=5), Ear(seed=6)], {Nose, Ear}) is None
    assert objects.of_all([Chin(seed=7)], {Chin}) is None


def test_a_class_that_does_not_say_it_all_is_asked_each_time() -> None:
    types: Any = COMPILER.schema.type_map
    objects = Objects.of(COMPILER.schema, types["Query"], "animals", types["Animal"])

    assert objects.of_all([Bird(name="b")], {Bird}) is None
    assert objects.type_of(Bird(name="fish")) is types["Fish"]
    assert objects._by_class == {}
