"""Mentions, hashtags and links in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text import MAX_MENTIONS, Segment, mentioned_handles, segments

ANA = {"ana": "usr_x"}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hi @ana!", [Segment("plain", "Hi "), Segment("mention", "@ana", "ana"), Segment("plain", "!")]),
        ("@ANA", [Segment("mention", "@ANA", "ana")]),
        ("@nobody", [Segment("plain", "@nobody")]),
        ("mail ana@ana.org", [Segment("plain", "mail ana@ana.org")]),
        ("#sun", [Segment("hashtag", "#sun", "sun")]),
        ("#2026", [Segment("plain", "#2026")]),
        ("#été2026", [Segment("hashtag", "#été2026", "été2026")]),
        (
            "see https://example.org/a?b=c.",
            [
                Segment("plain", "see "),
                Segment("link", "https://example.org/a?b=c", "https://example.org/a?b=c"),
                Segment("plain", "."),
            ],
        ),
        ("", []),
    ],
)
def test_a_text_is_cut_into_pieces(text: str, pieces: list[Segment]) -> None:
    assert list(segments(text, ANA)) == pieces


@given(st.text())
def test_the_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in segments(text, ANA)) == text


@given(st.lists(st.from_regex(r"@[a-z]{1,8}", fullmatch=True), max_size=40))
def test_mentions_are_found_once_and_bounded(words: list[str]) -> None:
    found = mentioned_handles([" ".join(words)])

    assert len(found) == len(set(found)) <= MAX_MENTIONS
    assert set(found) <= {word[1:] for word in words}


def test_a_dot_ends_no_handle() -> None:
    assert mentioned_handles(["with @ana.b."]) == ["ana.b"]
