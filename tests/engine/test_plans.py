"""What is worked out once and kept, what is made anew for each request, and what has no plan."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from engine.plan import Plan, Selection, Unsupported
from engine.program import PLANS, Compiler
from engine.run import Run
from schema.fields import Wanted, batched, root
from tests.engine.comparison import Context


@dataclass
class Noting(Context):
    """Remembers what functions noted."""

    noted: list[Any] = field(default_factory=list)


@strawberry.type
class Leaf:
    name: str

    @batched
    async def twin(parents: list["Leaf"], ctx: Noting, *, wanted: Wanted) -> list["Leaf"]:
        ctx.noted.append(sorted(wanted))
        return parents


@strawberry.type
class Query:
    @root
    async def leaf(ctx: Noting, *, wanted: Wanted, names: list[str] | None = None) -> Leaf:
        ctx.noted.append(sorted(wanted))
        if names is not None:
            ctx.noted.append(list(names))
            names.append("changed")
        return Leaf(name="a")


@strawberry.type
class Mutation:
    @root
    async def first(ctx: Noting) -> Leaf:
        ctx.noted.append("first")
        return Leaf(name="b")

    @root
    async def second(ctx: Noting) -> Leaf:
        ctx.noted.append("second")
        return Leaf(name="c")


COMPILER = Compiler(strawberry.Schema(Query, Mutation)._schema)


class Prepared:
    """A document that may run several times."""

    def __init__(self, text: str, compiler: Compiler = COMPILER) -> None:
        document = parse(text)
        self._compiler = compiler
        self._operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        self._program = compiler.program(document)

    def plan(self, number: int = 0, **given: Any) -> Plan:
        return self._program.plan(self._operations[number], self._variables(number, given))

    async def run(self, number: int = 0, **given: Any) -> tuple[Any, list[Any]]:
        context = Noting()
        result = await Run(context, self._variables(number, given)).operation(self.plan(number, **given))
        assert result.errors is None
        return result.data, context.noted

    def _variables(self, number: int, given: dict[str, Any]) -> VariableValues:
        declared = self._operations[number].variable_definitions or ()
        found = get_variable_values(self._compiler.schema, declared, given)
        assert isinstance(found, VariableValues)
        return found


async def test_functions_are_told_what_is_wanted_below_them() -> None:
    prepared = Prepared(
        """query ($deep: Boolean!) {
            leaf { ...Named twin { ...Named twin @include(if: $deep) { name } } }
            leaf { name }
        }
        fragment Named on Leaf { name }"""
    )

    _, deep = await prepared.run(deep=True)
    _, flat = await prepared.run(deep=False)

    assert deep == [
        ["name", "twin", "twin.name", "twin.twin", "twin.twin.name"],
        ["name", "twin", "twin.name"],
        ["name"],
    ]
    assert flat == [["name", "twin", "twin.name"], ["name"]]


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("{ leaf { name } }", {}),
        ("{ leaf(names: null) { name } }", {"names": None}),
        ('{ leaf(names: ["one"]) { name } }', None),
        ("query ($n: [String!]) { leaf(names: $n) { name } }", None),
    ],
)
def test_arguments_that_nobody_can_change_are_made_once(text: str, constant: dict[str, Any] | None) -> None:
    (field,) = Prepared(text).plan().root.fields

    assert field.arguments.constant == constant


async def test_what_a_function_changes_is_made_anew_for_each_request() -> None:
    prepared = Prepared('{ leaf(names: ["one"]) { name } }')

    runs = [await prepared.run() for _ in range(2)]

    assert [noted[1] for _, noted in runs] == [["one"], ["one"]]


async def test_a_field_of_a_mutation_begins_when_all_below_the_one_before_is_read() -> None:
    data, noted = await Prepared("mutation { first { twin { name } } second { twin { twin { name } } } }").run()

    assert noted == ["first", ["name"], "second", ["twin", "twin.name"], ["name"]]
    assert list(data) == ["first", "second"]


def test_a_plan_is_kept_for_each_operation_and_choice() -> None:
    prepared = Prepared(
        "query A($y: Boolean!) { leaf { name @skip(if: $y) } } query B($y: Boolean!) { leaf { name @include(if: $y) } }"
    )

    plans = [prepared.plan(number, y=choice) for number in (0, 1) for choice in (True, False)]
    again = [prepared.plan(number, y=choice) for number in (0, 1) for choice in (True, False)]

    assert len(set(map(id, plans))) == 4
    assert list(map(id, plans)) == list(map(id, again))


def test_the_plan_that_was_made_first_goes_when_there_are_too_many() -> None:
    size = PLANS.bit_length()
    names = [f"v{number}" for number in range(size)]
    prepared = Prepared(
        f"query ({', '.join(f'${name}: Boolean!' for name in names)}) {{ leaf {{ name "
        + " ".join(f"{name}: name @include(if: ${name})" for name in names)
        + " } }"
    )

    def plan(number: int) -> Plan:
        return prepared.plan(**{name: bool(number >> bit & 1) for bit, name in enumerate(names)})

    made = [plan(number) for number in range(PLANS)]
    kept = plan(0)
    plan(PLANS)

    assert kept is made[0]
    assert plan(1) is made[1]
    assert plan(0) is not made[0]


def test_what_is_selected_of_a_type_is_worked_out_once() -> None:
    inner = Prepared("{ leaf { name } }").plan().root.fields[0].inner
    assert isinstance(inner, Selection)
    type_: Any = COMPILER.schema.type_map["Leaf"]

    assert inner.shape(type_) is inner.shape(type_)


def test_an_operation_of_a_kind_the_schema_does_not_have_has_no_plan() -> None:
    with pytest.raises(Unsupported, match=r"^root type$"):
        Prepared("mutation { anything }", Compiler(strawberry.Schema(Query)._schema)).plan()


@pytest.mark.parametrize("directive", ["@defer", "@stream", "@experimental_disableErrorPropagation"])
def test_directives_that_only_the_reference_knows_have_no_plan(directive: str) -> None:
    with pytest.raises(Unsupported, match=f"^{directive}$"):
        Prepared(f"{{ leaf {{ ... {directive} {{ name }} }} }}").plan()


def test_a_document_that_is_not_valid_is_refused_with_its_field() -> None:
    with pytest.raises(TypeError, match="Query has no field nothing: the document is not valid"):
        Prepared("{ nothing }").plan()


def test_errors_of_arguments_are_those_of_the_library() -> None:
    found = get_variable_values(COMPILER.schema, (), {})
    assert isinstance(found, VariableValues)

    with pytest.raises(GraphQLError, match="names"):
        Prepared("{ leaf(names: [1]) { name } }").plan().root.fields[0].arguments.values(found)
