"""Cursors and full pages."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.paging import Page, Window, cursor_id, decode_cursor, encode_cursor, fill, page_of


def test_a_cursor_gives_back_what_was_put_in() -> None:
    mark = uuid4()

    values = decode_cursor("list", encode_cursor("list", 1, mark))

    assert values[0] == 1
    assert cursor_id(values[1]) == mark


@pytest.mark.parametrize("change", [lambda c: c[:-2], lambda c: "A" + c[1:], lambda _: "", lambda _: "é", lambda c: c * 2])
def test_a_changed_cursor_is_refused(change: object) -> None:
    with pytest.raises(BadInput):
        decode_cursor("list", change(encode_cursor("list", 1)))  # type: ignore[operator]


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(BadInput):
        decode_cursor("others", encode_cursor("list", 1))


@given(st.sets(st.integers(0, 60)), st.integers(1, 10))
async def test_pages_are_full_and_miss_nothing(hidden: set[int], first: int) -> None:
    async def fetch(asked: Sequence[tuple[None, Window]]) -> list[Page[int]]:
        ((_, window),) = asked
        start = decode_cursor("n", window.after)[0] + 1 if window.after else 0
        return [page_of(range(start, 61)[: window.first + 1], window, lambda n: encode_cursor("n", n))]

    async def load(ids: Sequence[int]) -> list[int | None]:
        return [None if one in hidden else one for one in ids]

    seen: list[int] = []
    after = None
    while True:
        (page,) = await fill([None], Window(first, after), fetch, load, rounds=100)
        seen += page.items
        if not page.has_next:
            break
        assert len(page.items) == first
        after = page.cursors[-1]

    assert seen == [n for n in range(61) if n not in hidden]
