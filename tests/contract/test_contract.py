"""The contract of this version: the code keeps it, every guard is bound, and its house rules hold."""

import re

from graphql import GraphQLObjectType, is_non_null_type, validate_schema

from aperture.contract import check
from aperture.graphql import schema
from schema.contract import bind, contract, differences


def test_the_code_keeps_the_contract() -> None:
    assert check() == []


def test_a_field_that_the_contract_does_not_have_is_found() -> None:
    written = contract()
    without = type(written).read(written.text.replace("  server: ServerInfo", "  otherName: ServerInfo"))

    assert [line for line in differences(schema, without) if line.startswith("+")] == ["+ Query.server: ServerInfo"]


def test_every_directive_that_guards_is_bound() -> None:
    assert bind(schema) == contract().must_be_bound()


def test_every_part_of_the_running_schema_has_words() -> None:
    silent = [name for name, each in schema._schema.type_map.items() if not each.description]

    assert silent == []


def test_the_contract_is_a_valid_schema() -> None:
    assert validate_schema(contract().schema) == []


def test_what_is_nullable_says_when() -> None:
    found = [
        where
        for where, part in contract().places()
        if re.fullmatch(r"[A-Z]\w+\.\w+", where)
        and isinstance(contract().schema.type_map[where.partition(".")[0]], GraphQLObjectType)
        and not where.partition(".")[0].endswith("Payload")
        and not is_non_null_type(part.type)
        and not any(each.name == "semanticNonNull" for each in contract().applied(part, where))
        and not re.search(r"\b[Nn]ull\b", part.description)
    ]

    assert found == []


def test_every_mutation_but_the_way_in_asks_for_a_session() -> None:
    mutations = contract().schema.mutation_type
    assert mutations is not None
    open_to_all = {
        name
        for name, field in mutations.fields.items()
        if not any(each.name == "auth" for each in contract().applied(field, name))
    }

    ways_in = {"signUp", "logIn", "completeLogIn", "beginProviderLogIn", "completeProviderLogIn", "refreshSession"}
    by_mail_or_phone = {"requestPasswordReset", "resetPassword", "verifyEmail", "requestSmsCode"}
    assert open_to_all == ways_in | by_mail_or_phone
