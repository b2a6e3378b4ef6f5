"""The canonical form: what counts as the same schema, and how a difference is told."""

import pytest

from schema.contract import Contract, ContractError, differences, require_agreement
from tests.contract.small import CONTRACT, SCHEMA, WRITTEN


def test_words_order_and_guarding_directives_do_not_count() -> None:
    assert differences(SCHEMA, WRITTEN) == []
    require_agreement(SCHEMA, WRITTEN)


@pytest.mark.parametrize(
    ("written", "rewritten", "told"),
    [
        ("  desk: Desk\n", "", ["+ Query.desk: Desk"]),
        ("lamp: Boolean!", "lamp: Boolean", ["+ Desk.lamp: Boolean!", "- Desk.lamp: Boolean"]),
        (
            "first: Int! = 2",
            "first: Int! = 3",
            ["+ Query.notes(first: Int! = 2): [Note!]", "- Query.notes(first: Int! = 3): [Note!]"],
        ),
        ("NoteLookup @oneOf", "NoteLookup", ["+ input NoteLookup @oneOf", "- input NoteLookup"]),
        ("  link: URL\n", "", ["+ PartInput.link: URL"]),
        (
            'scalar URL @specifiedBy(url: "https://url.spec.whatwg.org/")',
            'scalar URL @specifiedBy(url: "https://example.org/")',
            [
                '+ scalar URL @specifiedBy(url: "https://url.spec.whatwg.org/")',
                '- scalar URL @specifiedBy(url: "https://example.org/")',
            ],
        ),
        ("enum UserErrorCode {", "enum UserErrorCode { ODD", ["- UserErrorCode.ODD"]),
        ("enum AuthLevel {", "enum AuthLevel { ODD", []),
        ("type Desk @auth(requires: VIEWER) {", "type Desk {", []),
    ],
)
def test_a_difference_is_told_in_the_words_of_both(written: str, rewritten: str, told: list[str]) -> None:
    assert CONTRACT.count(written) == 1

    assert sorted(differences(SCHEMA, Contract.read(CONTRACT.replace(written, rewritten)))) == told


def test_a_disagreement_is_an_error_that_shows_the_difference() -> None:
    changed = Contract.read(CONTRACT.replace("lamp: Boolean!", "lamp: Int!"))

    with pytest.raises(ContractError, match=r"\+ Desk.lamp: Boolean!"):
        require_agreement(SCHEMA, changed)
