"""Ids: their order, and reading them back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.errors import NotFound
from core.ids import PostId, UserId, new_uuid, readable


def test_ids_of_one_moment_sort_in_the_order_they_were_made() -> None:
    with clock.frozen(datetime(2026, 3, 9, 17, 45, tzinfo=UTC)):
        made = [new_uuid() for _ in range(2000)]

    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}
    assert {one.int >> 80 for one in made} == {int(datetime(2026, 3, 9, 17, 45, tzinfo=UTC).timestamp() * 1000)}


@given(st.uuids(), st.uuids())
def test_an_id_is_read_back_from_its_text(author: object, one: object) -> None:
    post = PostId(author, one)  # type: ignore[arg-type]

    assert PostId.parse(str(post)) == post
    assert len(str(post)) == 47


@pytest.mark.parametrize("text", ["", "pst_", "usr_x", "pst_" + "A" * 42, "pst_" + "é" * 43, "usr_" + "!" * 22])
def test_garbage_is_not_found(text: str) -> None:
    for kind in (PostId, UserId):
        with pytest.raises(NotFound):
            kind.parse(text)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert readable(UserId, [text, f"usr_{text}"]) == []


def test_one_id_has_one_text() -> None:
    post = PostId(new_uuid(), new_uuid())
    last = str(post)[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = str(post)[:-1] + alphabet[alphabet.index(last) + 1]

    with pytest.raises(NotFound):
        PostId.parse(twin)
