"""What `aperture schema diff` says of a change, and how grave it calls it."""

import pytest

from aperture.contract import Change, Severity, diff
from schema.contract import contract

BREAKING, DANGEROUS, SAFE = Severity.BREAKING, Severity.DANGEROUS, Severity.SAFE


def changed(written: str, rewritten: str) -> list[tuple[Severity, str]]:
    text = contract().text
    assert text.count(written) >= 1, written
    return [(each.severity, each.text) for each in diff(text, text.replace(written, rewritten, 1))]


def test_a_contract_does_not_differ_from_itself() -> None:
    assert diff(contract().text, contract().text) == []


@pytest.mark.parametrize(
    ("written", "rewritten", "expected"),
    [
        ("caption: String @constraint(maxLength: 2200)", "caption: String @constraint(maxLength: 100)", BREAKING),
        ("caption: String @constraint(maxLength: 2200)", "caption: String @constraint(maxLength: 9999)", SAFE),
        ("caption: String @constraint(maxLength: 2200)", "caption: String", SAFE),
        (
            "pronouns: String @constraint(maxLength: 30)",
            "pronouns: String @constraint(max: 3, maxLength: 30)",
            BREAKING,
        ),
        ("@constraint(minLength: 10, maxLength: 256)", "@constraint(minLength: 12, maxLength: 256)", BREAKING),
        ("@constraint(minLength: 10, maxLength: 256)", "@constraint(minLength: 8, maxLength: 256)", SAFE),
        ('pattern: "^[0-9a-f]{64}$"', 'pattern: "^[0-9A-Fa-f]{64}$"', BREAKING),
        ("SignUpPayload @semanticNonNull", "SignUpPayload @semanticNonNull @auth(requires: ACCOUNT)", BREAKING),
        ("LogOutPayload @semanticNonNull @auth(requires: ACCOUNT)", "LogOutPayload @semanticNonNull", SAFE),
        ("@auth(requires: ACCOUNT)\n", "@auth(requires: VIEWER)\n", BREAKING),
        ("@rateLimit(limit: 120, window: 60)", "@rateLimit(limit: 60, window: 60)", DANGEROUS),
        ("@rateLimit(limit: 120, window: 60)", "@rateLimit(limit: 240, window: 60)", SAFE),
        ("@rateLimit(limit: 120, window: 60)", "", SAFE),
        ("server: ServerInfo @semanticNonNull", "server: ServerInfo @semanticNonNull @degradable", DANGEROUS),
        (
            "HomeFeedHint @semanticNonNull @auth(requires: VIEWER) @degradable",
            "HomeFeedHint @semanticNonNull @auth(requires: VIEWER)",
            SAFE,
        ),
        ('@cost(weight: "5")', '@cost(weight: "7")', DANGEROUS),
        ('@cost(weight: "5")', '@cost(weight: "2")', SAFE),
        ("server: ServerInfo @semanticNonNull", "server: ServerInfo", BREAKING),
        ("listSize(assumedSize: 50)", "listSize(assumedSize: 99)", DANGEROUS),
        ("input UserLookup @oneOf", "input UserLookup", SAFE),
        ("input CoordinatesInput {", "input CoordinatesInput @oneOf {", BREAKING),
        ("bio: RichText", 'bio: RichText @deprecated(reason: "Use `about`. Removed after 2027-06-01.")', SAFE),
        ('"""Pronouns. Null if not given."""\n  pronouns: String\n', "", BREAKING),
        ("isVerified: Boolean!", "isVerified: Boolean", BREAKING),
        ("appVersion: String\n", "appVersion: String!\n", SAFE),
        ("  WEBP\n", "  WEBP\n\n  AVIF\n", DANGEROUS),
        ('"""Known everywhere."""\n  JPEG\n', "", BREAKING),
        ("mode: FeedMode = RANKED", "mode: FeedMode = CHRONOLOGICAL", DANGEROUS),
        ("mode: FeedMode = RANKED", "mode: FeedMode = RANKED, since: DateTime", SAFE),
        ("mode: FeedMode = RANKED", "mode: FeedMode = RANKED, since: DateTime!", BREAKING),
    ],
)
def test_a_change_is_as_grave_as_it_is_for_clients(written: str, rewritten: str, expected: Severity) -> None:
    assert [severity for severity, _ in changed(written, rewritten)] == [expected]


def test_a_change_names_its_place_and_both_values() -> None:
    shorter = changed("caption: String @constraint(maxLength: 2200)", "caption: String @constraint(maxLength: 100)")
    deprecated = changed(": PostAudience! = PUBLIC", ': PostAudience! = PUBLIC @deprecated(reason: "Not read.")')

    assert shorter == [(BREAKING, "CreatePostInput.caption @constraint: maxLength was 2200, now 100")]
    assert deprecated == [(SAFE, "CreatePostInput.audience @deprecated: Not read.")]


def test_the_gravest_change_comes_first() -> None:
    old = contract().text
    new = old.replace("isViewer: Boolean!", "isViewer: Int!").replace("limit: 120", "limit: 60")
    new = new.replace("maxLength: 2200", "maxLength: 9999")

    changes = diff(old, new)

    assert [each.severity for each in changes] == [BREAKING, DANGEROUS, SAFE, SAFE]
    assert changes[0] == Change(BREAKING, "Field User.isViewer changed type from Boolean! to Int!.")
