"""Kinds of fields on a small schema: what the graph shows, and how often a function is called."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import pytest
import strawberry
from graphql import GraphQLField, GraphQLString, parse, print_schema
from graphql.execution.values import VariableValues
from strawberry.extensions import FieldExtension

from engine.kinds import Call, FieldKind, Guard, Kind, Wanted, kind_of, misdeclared, walk_fields
from engine.plan import Unsupported
from engine.program import Compiler
from loaders.base import Loaders
from schema.fields import attribute, batched, root


@dataclass
class Ctx:
    """The least a field needs of a context."""

    batches: dict[Any, Any] = field(default_factory=dict)
    calls: list[Any] = field(default_factory=list)
    loaders: Loaders = field(default_factory=lambda: Loaders(cast("Any", None)))


@strawberry.input
class Lookup:
    number: int | None = None


@strawberry.interface
class Named:
    @attribute
    def name(self) -> str:
        return type(self).__name__

    @batched
    async def fans(parents: list["Named"], ctx: Ctx, *, first: int | None = 20) -> list[list["Person"]]:
        ctx.calls.append(("fans", len(parents), first))
        return [[Person(number=n) for n in range(first or 0)] for _ in parents]


@strawberry.type
class Person(Named):
    number: int

    @attribute
    def label(self, *, size: int | None = 3, mark: str | None = None) -> str:
        return f"{self.number:0{size}}{mark or ''}"

    @batched
    async def best_post(
        parents: list["Person"], ctx: Ctx
    ) -> list[Annotated["Post", strawberry.lazy("tests.engine.test_kinds")] | LookupError | None]:
        ctx.calls.append(("best_post", len(parents)))
        return [_post_of(each.number) for each in parents]


@strawberry.type
class Post(Named):
    author: Person


def _post_of(number: int) -> Post | LookupError | None:
    if number == 1:
        return None
    return LookupError("lost") if number == 2 else Post(author=Person(number=number))


@strawberry.type
class Query:
    @root
    async def people(ctx: Ctx, *, by: Lookup | None = None, wanted: Wanted) -> list[Person]:
        ctx.calls.append(sorted(wanted))
        return [Person(number=n) for n in range((by and by.number) or 3)]


@strawberry.type
class Subscription:
    @root
    async def numbers(ctx: Ctx, *, up_to: int = 2) -> AsyncIterator[int]:
        for number in range(up_to):
            ctx.calls.append(number)
            yield number


@strawberry.type
class MixedQuery:
    @root
    async def known(ctx: Ctx) -> Annotated["MixedQuery", strawberry.lazy("tests.engine.test_kinds")]:
        return MixedQuery()

    @strawberry.field
    async def alone(self) -> int:
        return 1


NO_VARIABLES = VariableValues({}, {})

schema = strawberry.Schema(query=Query, subscription=Subscription, types=[Post])


async def run(document: str, **variables: Any) -> tuple[Any, list[Any], Ctx]:
    ctx = Ctx()
    result = await schema.execute(document, variable_values=variables, context_value=ctx)
    return result.data, [(each.path, each.message) for each in result.errors or ()], ctx


def test_the_graph_shows_arguments_and_item_types_alone() -> None:
    shown = set(print_schema(schema._schema).splitlines())

    assert {
        "  people(by: Lookup): [Person!]!",
        "  fans(first: Int = 20): [Person!]!",
        "  label(size: Int = 3, mark: String): String!",
        "  bestPost: Post",
        "  numbers(upTo: Int! = 2): Int!",
    } <= shown


async def test_a_batched_field_is_called_once_per_level() -> None:
    data, errors, ctx = await run(
        "{ people(by: {number: 2}) { bestPost { author { fans(first: 2) { fans { name } } } } } }"
    )

    assert errors == []
    assert len(data["people"][0]["bestPost"]["author"]["fans"][0]["fans"]) == 20
    assert ctx.calls[1:] == [("best_post", 2), ("fans", 1, 2), ("fans", 2, 20)]


async def test_aliases_with_other_arguments_are_other_calls() -> None:
    _, errors, ctx = await run("{ people { a: fans(first: 1) { number } b: fans(first: 0) { number } } }")

    assert errors == []
    assert ctx.calls[1:] == [("fans", 3, 1), ("fans", 3, 0)]


async def test_each_parent_gets_its_own_value_or_failure() -> None:
    data, errors, _ = await run("{ people { bestPost { name } } }")

    assert data == {"people": [{"bestPost": {"name": "Post"}}, {"bestPost": None}, {"bestPost": None}]}
    assert errors == [(["people", 2, "bestPost"], "lost")]


async def test_attributes_take_arguments_and_their_defaults() -> None:
    data, errors, _ = await run('{ people { label short: label(size: 1, mark: "!") } }')

    assert errors == []
    assert data["people"][1] == {"label": "001", "short": "1!"}


async def test_null_reads_as_the_default() -> None:
    data, errors, ctx = await run("{ people(by: null) { label(size: null, mark: null) fans(first: null) { number } } }")

    assert errors == []
    assert data["people"][2]["label"] == "002"
    assert ctx.calls[1] == ("fans", 3, 20)


async def test_looking_ahead_sees_schema_names_through_fragments_and_conditions() -> None:
    _, errors, ctx = await run(
        """query ($no: Boolean!) {
            people(by: {number: 1}) { x: bestPost { ...p } ... on Person { number @skip(if: true) } ...q }
            people(by: {number: 1}) { bestPost @include(if: $no) { fans(first: 1) { name } } }
        }
        fragment p on Post { who: author { ...q } }
        fragment q on Named { name }""",
        no=False,
    )

    assert errors == []
    assert ctx.calls[0] == ["bestPost", "bestPost.author", "bestPost.author.name", "name"]


async def test_looking_ahead_follows_conditions_both_ways() -> None:
    _, errors, ctx = await run(
        """query ($yes: Boolean!, $no: Boolean!) {
            people(by: {number: 1}) {
                ... @include(if: $yes) { bestPost { author @skip(if: false) { number @skip(if: $no) } } }
                ... on Person @skip(if: $yes) { label }
                fans @include(if: false) { name }
            }
        }""",
        yes=True,
        no=False,
    )

    assert errors == []
    assert ctx.calls[0] == ["bestPost", "bestPost.author", "bestPost.author.number"]


async def test_fragments_within_fragments_do_not_multiply_the_work() -> None:
    layers = 20
    fragments = "".join(
        f"fragment f{n} on Person {{ " + " ".join(f"a{m}: fans(first: 0) {{ ...f{n + 1} }}" for m in range(6)) + " }"
        for n in range(layers)
    )

    _, errors, ctx = await run(f"{{ people {{ ...f0 }} }} {fragments} fragment f{layers} on Person {{ number }}")

    assert errors == []
    assert ctx.calls[0][-1] == ".".join(["fans"] * 8)


async def test_a_subscription_streams_and_stops_with_its_reader() -> None:
    ctx = Ctx()
    stream = await schema.subscribe("subscription { numbers(upTo: 9) }", context_value=ctx)

    async for result in stream:
        if result.data == {"numbers": 1}:
            break
    await stream.aclose()

    assert ctx.calls == [0, 1]


async def test_guards_stand_before_the_function_on_both_paths() -> None:
    kind = kind_of(schema._schema.query_type.fields["people"])  # type: ignore[union-attr]
    assert kind is not None
    assert (kind.kind, kind.looks_ahead) == (Kind.ROOT, True)

    async def empty(*_: Any, **__: Any) -> list[Person]:
        return []

    kind.guard(lambda _: empty)
    guarded, _, _ = await run("{ people { number } }")
    kind.guard()
    free, _, _ = await run("{ people { number } }")

    assert guarded == {"people": []}
    assert free == {"people": [{"number": 0}, {"number": 1}, {"number": 2}]}


def test_a_field_that_is_not_declared_by_kind_has_none() -> None:
    @strawberry.type
    class Other:
        marked: int = strawberry.field(metadata={"kind": "of another library"})

    other: Any = strawberry.Schema(query=Other)._schema.type_map["Other"]

    assert kind_of(other.fields["marked"]) is None
    assert kind_of(GraphQLField(GraphQLString)) is None


def test_the_first_guard_runs_first_and_around_is_outermost() -> None:
    ran: list[str] = []

    def noting(name: str) -> Guard:
        def guard(call: Call) -> Call:
            def guarded() -> Any:
                ran.append(name)
                return call()

            return guarded

        return guard

    kind = FieldKind(Kind.ROOT, lambda: "value", around=noting("around"))

    kind.guard(noting("gone"))
    kind.guard(noting("first"), noting("second"))

    assert kind.call() == "value"
    assert ran == ["around", "first", "second"]


def test_a_list_must_be_annotated_as_one() -> None:
    async def lonely(parents: list[Person], ctx: Ctx) -> Person:
        return parents[0]

    with pytest.raises(TypeError, match="lonely must be annotated to return a list"):
        batched(lonely)


def test_every_field_of_this_schema_runs_a_level_at_a_time() -> None:
    places = {(place.parent, place.name): place for place in walk_fields(schema._schema)}

    assert misdeclared(schema._schema) == []
    assert kind_of(places["Person", "number"].field) is None
    assert not {key for key, place in places.items() if key[0] == "Post" and not place.is_below_list}


def test_a_function_per_object_below_a_list_is_found() -> None:
    @strawberry.type
    class Slow:
        @strawberry.field
        async def one_by_one(self) -> int:
            return 1

        @attribute
        async def awaited(self, *, size: int = 1) -> int:
            return size

        @root
        async def lost(ctx: Ctx) -> int:
            return 1

        @strawberry.field(extensions=[FieldExtension()])  # type: ignore[untyped-decorator]
        def extended(self) -> int:
            return 1

    @strawberry.type
    class Slower:
        @strawberry.field
        async def two_by_two(self) -> int:
            return 2

    @strawberry.type
    class SlowQuery:
        @root
        async def all(ctx: Ctx) -> list[Slow]:
            return [Slow()]

        @root
        async def either(ctx: Ctx) -> Annotated[Slow | Slower, strawberry.union("Either")]:
            return Slower()

        @strawberry.field
        async def alone(self) -> int:
            return 1

    found = misdeclared(strawberry.Schema(query=SlowQuery)._schema)

    assert set(found) == {
        "Slow.awaited is an attribute that has to be awaited, below a list",
        "Slow.extended has an extension of Strawberry, which the compiled path does not know, below a list",
        "Slow.lost is a root field of a type that is no root, below a list",
        "Slow.oneByOne runs a function but is neither attribute, batched nor root, below a list",
        "Slower.twoByTwo runs a function but is neither attribute, batched nor root",
        "SlowQuery.alone runs a function but is neither attribute, batched nor root",
    }


@pytest.mark.parametrize("text", ["{ alone }", "{ ...F } fragment F on MixedQuery { known { ... { alone } } }"])
def test_an_operation_with_a_function_per_object_has_no_plan(text: str) -> None:
    compiler = Compiler(strawberry.Schema(query=MixedQuery)._schema)
    asked, known = parse(text), parse("{ known { __typename } }")

    planned = compiler.program(known).plan(known.definitions[0], NO_VARIABLES)  # type: ignore[arg-type]
    with pytest.raises(Unsupported, match="field alone"):
        compiler.program(asked).plan(asked.definitions[0], NO_VARIABLES)  # type: ignore[arg-type]

    assert [each.key for each in planned.root.fields] == ["known"]
