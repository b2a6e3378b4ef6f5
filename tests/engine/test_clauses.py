"""The clauses of the specification's chapter on execution, each on both executors."""

from collections.abc import AsyncGenerator
from datetime import date
from enum import Enum
from typing import Annotated, Any, NewType, Union

import pytest
import strawberry
from graphql import GraphQLError, ValueNode, parse, subscribe, value_from_ast_untyped
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from engine.plan import Unsupported
from engine.program import Compiler
from schema.fields import attribute, batched, root
from tests.engine.comparison import Context, Pair, both, ours
from tests.engine.conftest import ABANDONED

pytestmark = pytest.mark.filterwarnings(*ABANDONED)


class Oops(Exception):
    """What failing fields raise."""


class Incomparable:
    """What scalars may hold: a comparison fails."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise Oops("no comparison")

    def __repr__(self) -> str:
        return "incomparable"


@strawberry.enum
class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@strawberry.type
class Flea:
    @batched
    async def jumps(parents: list["Flea"], ctx: Context) -> list[int]:
        ctx.batches["jumps"] = len(parents)
        return [1 for _ in parents]


Total = NewType("Total", int)
"""Written as a list or object of numbers or nulls, read as their sum, and zero is told as nothing."""


def _total(node: ValueNode, variables: dict[str, Any] | None = None) -> int:
    numbers: Any = value_from_ast_untyped(node, variables)
    return sum(each or 0 for each in (numbers.values() if isinstance(numbers, dict) else numbers))


SCALARS: dict[object, Any] = {
    Total: strawberry.scalar(name="Total", serialize=lambda value: value or None, parse_value=sum, parse_literal=_total)
}


@strawberry.input
class Mark:
    text: str

    def __post_init__(self) -> None:
        MADE.append(self.text)


MADE: list[str] = []
"""Marks, as often as they were made."""


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Cat(Named):
    lives: int = 9

    @attribute
    def mood(self) -> Mood:
        return Mood.BAD if self.name == "tom" else Mood.GOOD

    @attribute
    def claw(self) -> str:
        if self.name == "tom":
            raise Oops("no claws")
        return "sharp"

    @attribute
    def marked(self, *, mark: Mark) -> str:
        return f"{self.name}{mark.text}"

    @attribute
    def fleas(self) -> list[Flea]:
        return []

    @attribute
    def kitten(self) -> str | None:
        return next(name for name in ("kit",) if name == self.name)

    @batched
    async def friends(parents: list["Cat"], ctx: Context, *, first: int = 2) -> list[list["Dog"]]:
        return [[Dog(name=f"{cat.name}{n}") for n in range(first)] for cat in parents]


@strawberry.type
class Dog(Named):
    born: date | None = date(2020, 2, 29)

    @batched
    async def owner(parents: list["Dog"], ctx: Context) -> list[Cat | Exception]:
        return [Oops(dog.name) if dog.name.endswith("1") else Cat(name=dog.name) for dog in parents]

    @batched
    async def keeper(parents: list["Dog"], ctx: Context) -> list[Cat | None]:
        raise Oops("nobody answers")

    @batched
    async def vet(parents: list["Dog"], ctx: Context) -> list[str | None]:
        raise GraphQLError("closed", path=["elsewhere"])

    @batched
    async def toys(parents: list["Dog"], ctx: Context) -> list[list[str] | None]:
        return [["ball"]]


Pet = Annotated[Union[Cat, Dog], strawberry.union("Pet")]  # noqa: UP007 - the union has a name


@strawberry.type
class Spot:
    """Of no interface and no union, so that nothing has to be asked."""

    x: int


@strawberry.type
class Ghost(Named):
    """Not a type of the schema."""


@strawberry.input
class Wish:
    name: str
    count: int = 2
    note: str | None = strawberry.UNSET


@strawberry.type
class Query:
    @root
    async def cat(ctx: Context, *, name: str = "kit") -> Cat:
        return Cat(name=name)

    @root
    async def maybe(ctx: Context, *, name: str | None = None) -> Cat | None:
        return Cat(name=name) if name else None

    @root
    async def named(ctx: Context) -> list[Named]:
        return [Cat(name="tom"), Dog(name="rex"), Cat(name="kit")]

    @root
    async def pets(ctx: Context) -> list[Pet | None] | None:
        return [Dog(name="rex1"), None, Cat(name="tom")]

    @root
    async def stray(ctx: Context) -> list[Pet | None]:
        return [Cat(name="a"), 7]  # type: ignore[list-item]

    @root
    async def strays(ctx: Context) -> list[Named | None]:
        return [Cat(name="a"), 7, Ghost(name="b"), Flea(), None]  # type: ignore[list-item]

    @root
    async def spots(ctx: Context) -> list[Spot | None]:
        return [Spot(x=1), None, Oops("no spot")]  # type: ignore[list-item]

    @root
    async def all_spots(ctx: Context) -> list[Spot]:
        return [Spot(x=1), Spot(x=2)]

    @root
    async def grid(ctx: Context) -> list[list[int | None]]:
        return [[1, None], [], [2**40]]

    @root
    async def brims(ctx: Context, *, beyond: int = 0) -> list[int | None]:
        return [-(2**31) - max(-beyond, 0), 7, 2**31 - 1 + max(beyond, 0)]

    @root
    async def strict_grid(ctx: Context) -> list[list[int] | None]:
        return [[1], [2, None], None]  # type: ignore[list-item]

    @root
    async def numbers(ctx: Context) -> list[float]:
        return (1.5 for _ in range(2))  # type: ignore[return-value]

    @root
    async def no_list(ctx: Context) -> list[int] | None:
        return 7  # type: ignore[return-value]

    @root
    async def lost(ctx: Context) -> str:
        return None  # type: ignore[return-value]

    @root
    async def broken(ctx: Context) -> str | None:
        raise GraphQLError("as it says", extensions={"code": "X"})

    @root
    async def odd(ctx: Context) -> list[JSON]:
        return [Incomparable()]  # type: ignore[list-item]

    @root
    async def echo(ctx: Context, *, wish: Wish | None = None, wishes: list[Wish] | None = None) -> str:
        return f"{wish} {wishes}"

    @root
    async def total(ctx: Context, *, of: Total, most: int = 9) -> Total:
        return Total(min(of, most))

    @root
    async def cats(ctx: Context) -> list[Cat]:
        return [Cat(name=name) for name in ("a", "b", "c")]

    @root
    async def moods(ctx: Context, *, mood: Mood = Mood.BAD) -> list[Mood]:
        return [mood, "sideways"]  # type: ignore[list-item]


@strawberry.type
class Left:
    @attribute
    def query(self) -> Query:
        return Query()


@strawberry.type
class Mutation:
    @root
    async def add(ctx: Context, *, what: str) -> list[str]:
        done: list[str] = ctx.batches.setdefault("done", [])
        if what == "fail":
            raise Oops(what)
        done.append(what)
        return list(done)

    @root
    async def leave(ctx: Context) -> Left:
        ctx.batches["left"] = True
        return Left()

    @root
    async def adopt(ctx: Context, *, name: str) -> Cat | None:
        if name == "fail":
            raise Oops(name)
        return Cat(name=f"{name} after {ctx.batches.setdefault('done', [])}")


@strawberry.type
class Subscription:
    @root
    async def ticks(ctx: Context) -> AsyncGenerator[int]:
        yield 1

    @root
    async def seen(ctx: Context) -> AsyncGenerator[Pet | None]:
        for event in EVENTS:
            yield event


EVENTS: list[Any] = [Cat(name="kit"), Dog(name="rex"), Dog(name="rex1"), None, 7]


COMPILER = Compiler(
    strawberry.Schema(
        Query, Mutation, Subscription, types=[Cat, Dog], config=StrawberryConfig(scalar_map=SCALARS)
    )._schema
)

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "fields in the order asked for": ("{ b: cat { lives name } a: cat { name lives } }", {}),
    "aliases": ("{ cat { x: name y: name name } }", {}),
    "__typename everywhere": ("{ __typename cat { __typename } named { t: __typename } pets { __typename } }", {}),
    "merged fields": ("{ cat { name } cat { lives friends { name } } cat { friends { born } } }", {}),
    "named fragments": ("{ cat { ...F } } fragment F on Cat { name ...G } fragment G on Named { name }", {}),
    "fragments on the types of an interface": ("{ named { name ... on Cat { lives } ... on Dog { born } } }", {}),
    "fragments on the types of a union": ("{ pets { ... on Named { name } ... on Cat { mood } } }", {}),
    "fragments that never apply": ("{ cat { ... on Named { ... on Dog { born } } } }", {}),
    "include and skip by literals": ("{ cat { name @skip(if: true) lives @include(if: true) } }", {}),
    "nothing is left": ("{ cat { name @include(if: false) } named { ... on Cat @skip(if: true) { lives } } }", {}),
    "include by a variable": ("query($y: Boolean!) { cat { name @include(if: $y) lives } }", {"y": False}),
    "skip by a default": ("query($y: Boolean = true) { cat { name @skip(if: $y) lives } }", {}),
    "an enum": ("{ named { ... on Cat { mood } } }", {}),
    "an enum as an argument": ("{ moods(mood: GOOD) }", {}),
    "a custom scalar": ("{ named { ... on Dog { born } } }", {}),
    "arguments": ('{ cat(name: "x") { friends(first: 1) { name } } }', {}),
    "a variable as an argument": ("query($n: Int!) { cat { friends(first: $n) { name } } }", {"n": 3}),
    "the largest and the smallest whole numbers": ("{ brims }", {}),
    "a whole number that is too large": ("{ brims(beyond: 1) }", {}),
    "a whole number that is too small": ("{ brims(beyond: -1) }", {}),
    "a variable that is not given": ("query($n: Int = 1) { cat { friends(first: $n) { name } } }", {}),
    "null for an argument that forbids it": ("query($n: Int = 1) { cat { friends(first: $n) { name } } }", {"n": None}),
    "input objects": ('{ echo(wish: {name: "a"}) b: echo(wishes: [{name: "b", count: 0, note: null}]) }', {}),
    "a list of one": ('{ echo(wishes: {name: "a"}) }', {}),
    "an input object by a variable": ("query($w: Wish) { echo(wish: $w) }", {"w": {"name": "v"}}),
    "a variable inside of an input object": ('query($c: Int!) { echo(wish: {name: "a", count: $c}) }', {"c": 4}),
    "a variable inside of a scalar": ("query($n: Int!) { total(of: [1, $n]) a: total(of: [1], most: $n) }", {"n": 3}),
    "a variable deep inside of a scalar": ("query($n: Int!) { total(of: {a: 1, b: $n}) }", {"n": 3}),
    "a scalar that is told as nothing": ("{ total(of: [0]) }", {}),
    "an input object for each of many": ("query($t: String!) { cats { marked(mark: {text: $t}) } }", {"t": "!"}),
    "a null object": ("{ maybe { name friends { name } } }", {}),
    "objects of a type that is certain": ("{ spots { x } allSpots { __typename x } }", {}),
    "lists of lists": ("{ grid }", {}),
    "null in a strict list": ("{ strictGrid }", {}),
    "any iterable": ("{ numbers }", {}),
    "no iterable": ("{ noList }", {}),
    "null where it is forbidden empties everything": ("{ cat { name } lost }", {}),
    "an error where null may stand": ("{ broken cat { name } }", {}),
    "an attribute that fails empties its list": ("{ named { name ... on Cat { claw } } cat { name } }", {}),
    "an attribute that fails empties its item": ("{ pets { ... on Cat { claw } ... on Dog { name } } }", {}),
    "an attribute that runs out of items": ("{ named { name ... on Cat { kitten } } cat { kitten } }", {}),
    "a list of values that do not compare": ("{ odd }", {}),
    "an error for one parent": ("{ pets { ... on Dog { owner { name } } } }", {}),
    "an error for one of several parents": ('{ maybe(name: "m") { friends { name owner { lives } } } }', {}),
    "a batch that fails": ("{ cat { friends { name keeper { name } } } }", {}),
    "a value of no type": ("{ stray { ... on Cat { name } } }", {}),
    "values of no type or of unknown ones": ("{ strays { name } }", {}),
    "a stray enum value": ("{ moods }", {}),
    "one after the other": ('mutation { a: add(what: "1") b: add(what: "2") adopt(name: "c") { name } }', {}),
    "a mutation fails where null may stand": ('mutation { adopt(name: "fail") { name } add(what: "2") }', {}),
    "a mutation fails where it is forbidden": ('mutation { a: add(what: "fail") b: add(what: "2") }', {}),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_clause(name: str) -> None:
    text, variables = CASES[name]

    (await both(COMPILER, text, variables)).require_equal()


async def test_an_event_is_the_value_of_its_field() -> None:
    text = "subscription { it: seen { __typename ... on Cat { friends { name } } ... on Dog { owner { name } } } }"
    opening: Any = subscribe(COMPILER.schema, parse(text), context_value=Context())
    stream = await opening

    pairs = [
        Pair(text, reference, await ours(COMPILER, parse(text), {}, event=event))
        for event, reference in zip(EVENTS, [each async for each in stream], strict=True)
    ]

    for pair in pairs:
        pair.require_equal()


async def test_of_several_errors_the_one_that_emptied_their_place_is_told() -> None:
    result = await ours(COMPILER, parse('{ cat(name: "tom") { kitten claw } }'), {})

    assert result.data is None
    assert [each.path for each in result.errors or ()] == [["cat", "claw"]]


async def test_a_forbidden_null_is_told_with_its_field() -> None:
    result = await ours(COMPILER, parse("{ lost }"), {})

    told = [(each.path, each.message) for each in result.errors or ()]
    assert told == [(["lost"], "Cannot return null for non-nullable field Query.lost.")]


async def test_a_batch_of_the_wrong_length_is_an_error_for_each_parent() -> None:
    pair = await both(COMPILER, "{ cat { friends { toys } } }")

    assert pair.ours.data == pair.reference.data == {"cat": {"friends": [{"toys": None}, {"toys": None}]}}
    assert len(pair.ours.errors or ()) == len(pair.reference.errors or ()) == 2
    assert {each.message for each in pair.ours.errors or ()} == {"Dog.toys was asked for 2 objects and told 1 values"}


async def test_arguments_are_made_once_for_all_objects() -> None:
    MADE.clear()

    result = await ours(COMPILER, parse("query($t: String!) { cats { marked(mark: {text: $t}) } }"), {"t": "!"})

    assert result.data == {"cats": [{"marked": "a!"}, {"marked": "b!"}, {"marked": "c!"}]}
    assert MADE == ["!"]


async def test_nothing_is_asked_for_no_objects() -> None:
    context = Context()

    result = await ours(COMPILER, parse("{ cat { fleas { jumps } } }"), {}, context)

    assert result.data == {"cat": {"fleas": []}}
    assert context.batches == {}


async def test_each_parent_has_its_error_whatever_path_the_error_names() -> None:
    result = await ours(COMPILER, parse("{ cat { friends { vet } } }"), {})

    assert result.data == {"cat": {"friends": [{"vet": None}, {"vet": None}]}}
    assert [each.message for each in result.errors or ()] == ["closed", "closed"]


async def test_a_batch_that_fails_for_thousands_is_told_for_each() -> None:
    result = await ours(COMPILER, parse("{ cat { friends(first: 20000) { keeper { name } } } }"), {})

    paths = [each.path for each in result.errors or ()]
    assert paths == [["cat", "friends", place, "keeper"] for place in range(20_000)]


@pytest.mark.parametrize(
    ("text", "variables", "reason"),
    [
        ("{ __schema { types { name } } }", {}, "introspection"),
        ('{ __type(name: "Cat") { name } }', {}, "introspection"),
        ("mutation { leave { query { __schema { types { name } } } } }", {}, "introspection"),
        ("query($y: Boolean = true) { cat { name @include(if: $y) } }", {"y": None}, "null for a condition"),
    ],
)
async def test_what_only_the_reference_does(text: str, variables: dict[str, Any], reason: str) -> None:
    context = Context()

    with pytest.raises(Unsupported, match=f"^{reason}$"):
        await ours(COMPILER, parse(text), variables, context)

    assert context.batches == {}
