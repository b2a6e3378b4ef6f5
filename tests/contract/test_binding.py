"""The contract executed on a small schema: words arrive, and every guard stands where its directive does."""

from typing import Any

import pytest
from graphql import GraphQLObjectType

from core.errors import ApiError
from core.overload import Overload
from core.viewer import Viewer
from schema.contract import Contract, ContractError, bind
from tests.contract.small import (
    ANA,
    BOUND,
    CONTRACT,
    NOBODY,
    SCHEMA,
    SUSPENDED,
    WRITTEN,
    Backends,
    Ctx,
    settings_with,
    small_schema,
)

WRITE = """mutation ($input: WriteNoteInput!) { writeNote(input: $input) {
    note { title } errors { __typename code message path ... on ValidationError { constraint limit } } } }"""


async def run(document: str, ctx: Ctx | None = None, viewer: Viewer = NOBODY, **variables: Any) -> Any:
    result = await SCHEMA.execute(document, variable_values=variables, context_value=ctx or Ctx(viewer))
    codes = [each.original_error.code for each in result.errors or () if isinstance(each.original_error, ApiError)]
    assert len(codes) == len(result.errors or ()), result.errors
    return codes or result.data


async def listen(document: str, viewer: Viewer) -> list[Any]:
    stream = await SCHEMA.subscribe(document, context_value=Ctx(viewer))
    return [each.data or _codes(each) async for each in stream]


def _codes(result: Any) -> list[str]:
    return [each.original_error.code for each in result.errors]


def test_words_come_from_the_contract() -> None:
    query, note = SCHEMA._schema.type_map["Query"], SCHEMA._schema.type_map["Note"]
    assert isinstance(query, GraphQLObjectType)
    assert isinstance(note, GraphQLObjectType)

    assert query.description == "Where reads start."
    assert query.fields["notes"].description == "Notes, at most 50."
    assert query.fields["notes"].args["first"].description == "How many."
    assert note.fields["name"].deprecation_reason == "Use `title`. Removed after 2027-06-01."
    assert SCHEMA._schema.type_map["URL"].description == "Absolute URL."


def test_every_enforced_directive_is_bound() -> None:
    assert WRITTEN.must_be_bound() == BOUND


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [(NOBODY, ["UNAUTHENTICATED"]), (SUSPENDED, ["ACCOUNT_RESTRICTED"]), (ANA, {"writeNote": {"note": None}})],
)
async def test_a_field_asks_for_its_session(viewer: Viewer, expected: Any) -> None:
    assert await run('mutation { writeNote(input: {title: "gone"}) { note { title } } }', viewer=viewer) == expected


async def test_a_batched_field_is_guarded_too() -> None:
    document = "{ notes(first: 1) { title secret } }"

    assert await run(document) == ["UNAUTHENTICATED"]
    assert await run(document, viewer=ANA) == {"notes": [{"title": "note 0", "secret": "0 eton"}]}


async def test_a_guarded_type_guards_the_fields_that_lead_to_it() -> None:
    assert await run("{ desk { lamp } }") == ["UNAUTHENTICATED"]
    assert await run("{ desk { lamp } }", viewer=ANA) == {"desk": {"lamp": True}}


async def test_a_subscription_is_refused_before_its_first_event() -> None:
    signed_out = await listen("subscription { ticks }", NOBODY)
    too_many = await listen("subscription { ticks(upTo: 4) }", ANA)
    heard = await listen("subscription { ticks(upTo: 2) }", SUSPENDED)

    assert (signed_out, too_many) == ([["UNAUTHENTICATED"]], [["BAD_USER_INPUT"]])
    assert heard == [{"ticks": 0}, {"ticks": 1}]


async def test_a_mutation_tells_every_breach_in_its_payload() -> None:
    value = {"title": "Q", "parts": [{"altText": "fine", "parts": [{"altText": "long"}]}, {}, {"altText": "a\0"}]}

    answer = await run(WRITE, viewer=ANA, input=value)

    assert answer["writeNote"]["note"] is None
    assert [
        (each["code"], each["path"], each["constraint"], each["limit"]) for each in answer["writeNote"]["errors"]
    ] == [
        ("TOO_SHORT", ["input", "title"], "minLength", 2.0),
        ("TOO_MANY", ["input", "parts"], "maxItems", 2.0),
        ("TOO_LONG", ["input", "parts", "0", "altText"], "maxLength", 3.0),
        ("TOO_LONG", ["input", "parts", "0", "parts", "0", "altText"], "maxLength", 3.0),
        ("BAD_FORMAT", ["input", "parts", "2", "altText"], None, None),
    ]
    assert {each["__typename"] for each in answer["writeNote"]["errors"]} == {"ValidationError"}


@pytest.mark.parametrize(
    "document",
    [
        "{ notes(first: 51) { title } }",
        "{ notes(first: 0) { title } }",
        '{ note(by: {title: "long"}) { title } }',
        '{ note(by: {id: "\\u0000"}) { title } }',
        "{ notes(first: 1) { short(length: 0) } }",
    ],
)
async def test_any_other_field_refuses_bad_arguments_at_the_top(document: str) -> None:
    assert await run(document) == ["BAD_USER_INPUT"]


async def test_a_message_names_the_argument() -> None:
    result = await SCHEMA.execute('{ note(by: {title: "long"}) { title } }', context_value=Ctx())

    assert [each.message for each in result.errors or ()] == ["Argument by.title: Use at most 3 characters."]


async def test_a_refusal_of_a_mutation_is_data() -> None:
    answer = await run(WRITE, viewer=ANA, input={"title": "gone"})

    assert answer["writeNote"] == {
        "note": None,
        "errors": [
            {
                "__typename": "NotFoundError",
                "code": "NOT_FOUND",
                "message": "There is no such thing, or you may not see it.",
                "path": ["input", "title"],
            }
        ],
    }


async def test_a_mutation_called_too_often_says_so_in_its_payload() -> None:
    ctx = Ctx(ANA)

    answers = [(await run(WRITE, ctx, input={"title": "tea"}))["writeNote"] for _ in range(3)]

    assert [each["note"] for each in answers] == [{"title": "tea"}, {"title": "tea"}, None]
    assert [each["__typename"] for each in answers[2]["errors"]] == ["RateLimitedError"]


async def test_bad_input_costs_nothing_of_the_quota() -> None:
    ctx = Ctx(ANA)

    for _ in range(5):
        await run(WRITE, ctx, input={"title": "Q"})

    assert (await run(WRITE, ctx, input={"title": "tea"}))["writeNote"]["errors"] == []


async def test_all_limits_of_a_query_are_taken_together_and_told_at_the_top() -> None:
    ctx = Ctx(ANA)

    answers = [await run("{ often }", ctx) for _ in range(4)]
    ctx.viewer = Viewer(id=SUSPENDED.id, address=ANA.address)
    of_another = [await run("{ often }", ctx) for _ in range(2)]

    assert answers == [{"often": 1}, {"often": 1}, ["RATE_LIMITED"], ["RATE_LIMITED"]]
    assert of_another == [{"often": 1}, ["RATE_LIMITED"]]


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, 2),
        ({"rate_limit_factor": 2}, 4),
        ({"rate_limit_factor": 0}, 9),
        ({"sign_up_rate_factor": 2.5}, 5),
        ({"sign_up_rate_factor": 0}, 9),
        ({"rate_limit_factor": 0.1}, 1),
    ],
)
async def test_settings_multiply_the_limits(settings: dict[str, float], allowed: int) -> None:
    ctx = Ctx(backends=Backends(settings_with(**settings)))
    document = 'mutation { signUp(input: {title: "tea"}) { note { title } } }'

    answers = [(await run(document, ctx))["signUp"]["note"] for _ in range(9)]

    assert answers.count({"title": "tea"}) == allowed


@pytest.mark.parametrize(("delay", "expected"), [(0.0, {"extra": 1}), (0.3, ["UNAVAILABLE"])])
async def test_an_extra_is_given_up_when_work_waits(delay: float, expected: Any) -> None:
    ctx = Ctx(backends=Backends(settings_with(), Overload(lambda: delay)))

    assert await run("{ extra }", ctx) == expected
    assert await run("{ notes(first: 1) { title } }", ctx) == {"notes": [{"title": "note 0"}]}


def test_binding_again_does_not_guard_twice() -> None:
    assert bind(SCHEMA, WRITTEN) == BOUND


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"title: String!\n  short": "title: String! @auth\n  short"}, "Note.title has a directive, but no function"),
        (
            {
                "secret: String @auth": "secret: String @auth(requires: OWNER)",
                "enum AuthLevel {": "enum AuthLevel { OWNER",
            },
            "OWNER",
        ),
    ],
)
def test_a_directive_that_cannot_be_enforced_is_an_error(changes: dict[str, str], complaint: str) -> None:
    text = CONTRACT
    for written, changed in changes.items():
        text = text.replace(written, changed)

    with pytest.raises(ContractError, match=complaint):
        bind(small_schema(), Contract.read(text))
