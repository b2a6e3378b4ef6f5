"""The table that front-end teams read is what the rules say."""

import re
from pathlib import Path

import pytest

from services.visibility import rules
from services.visibility.rules import PostFacts, Relationship

PAGE = (Path(__file__).parents[2] / "docs" / "who_sees_what.md").read_text(encoding="utf-8")

STANDS = {
    "is signed out, or a stranger": Relationship(),
    "asked to follow, and waits": Relationship(has_requested=True),
    "is followed by the person": Relationship(followed_by=True, has_requested_viewer=True),
    "follows": Relationship(follows=True),
    "follows, and is a close friend": Relationship(follows=True, close_friend_of=True),
    "is a close friend without following": Relationship(close_friend_of=True),
    "follows, and is restricted": Relationship(follows=True, restricted_by=True),
    "follows, and mutes the person": Relationship(follows=True, mutes=("POSTS",), restricts=True, is_close_friend=True),
    "blocks the person": Relationship(blocks=True),
    "is blocked by the person": Relationship(blocked_by=True),
    "is the person": Relationship(is_self=True),
}


def rows(title: str) -> dict[str, list[str]]:
    """The cells of the first table below a title, by the first cell of each row."""
    table = re.findall(r"^\| (.+) \|$", PAGE.partition(f"## {title}\n")[2], re.MULTILINE)
    cells = [[cell.strip(" `") for cell in row.split(" | ")] for row in table[: len(STANDS) + 1]]
    return {first: rest for first, *rest in cells}


TABLE = rows("The table")


def test_the_table_speaks_of_everybody() -> None:
    assert TABLE.keys() - {"the viewer"} == STANDS.keys()
    assert tuple(TABLE["the viewer"][2:]) == rules.AUDIENCES


@pytest.mark.parametrize("who", STANDS)
@pytest.mark.parametrize(("column", "is_private"), [(0, False), (1, True)])
def test_how_much_of_a_profile_is_open(who: str, column: int, *, is_private: bool) -> None:
    stands = STANDS[who]
    is_there = rules.profile_wall("ACTIVE", stands) is None
    access = rules.profile_access("ACTIVE", is_private, stands)

    assert TABLE[who][column] == (access if is_there else "no profile")


@pytest.mark.parametrize("who", STANDS)
@pytest.mark.parametrize("audience", rules.AUDIENCES)
def test_who_sees_posts_of_an_audience(who: str, audience: str) -> None:
    stands, facts = STANDS[who], PostFacts("PUBLISHED", audience, is_deleted=False)
    seen = [
        rules.profile_wall("ACTIVE", stands) is None
        and rules.post_wall(facts, rules.profile_access("ACTIVE", is_private, stands), stands) is None
        for is_private in (False, True)
    ]

    words = {(True, True): "yes", (True, False): "if public", (False, False): "no"}
    assert TABLE[who][2 + rules.AUDIENCES.index(audience)] == words[seen[0], seen[1]]
