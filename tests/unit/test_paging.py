"""Cursors and full pages."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.paging import Filled, Page, Window, cursor_id, decode_cursor, encode_cursor, fill, page_of


def test_a_cursor_gives_back_what_was_put_in() -> None:
    mark = uuid4()

    values = decode_cursor("list", encode_cursor("list", 1, mark))

    assert values[0] == 1
    assert cursor_id(values[1]) == mark


@pytest.mark.parametrize(
    "change", [lambda c: c[:-2], lambda c: "A" + c[1:], lambda _: "", lambda _: "é", lambda c: c * 2]
)
def test_a_changed_cursor_is_refused(change: object) -> None:
    with pytest.raises(BadInput):
        decode_cursor("list", change(encode_cursor("list", 1)))  # type: ignore[operator]


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(BadInput):
        decode_cursor("others", encode_cursor("list", 1))


@given(st.sets(st.integers(0, 60)), st.integers(1, 10))
async def test_pages_are_full_and_miss_nothing(hidden: set[int], first: int) -> None:
    pages = await _all_pages(61, hidden, first, rounds=100)

    assert all(len(page.items) == first for page in pages[:-1])
    assert _items(pages) == [n for n in range(61) if n not in hidden]


async def test_a_long_stretch_of_hidden_things_makes_short_pages_but_no_gap() -> None:
    hidden = set(range(3, 900))

    pages = await _all_pages(903, hidden, 2, rounds=5)

    assert _items(pages) == [0, 1, 2, 900, 901, 902]
    assert len(pages) < 20


async def test_a_few_hidden_things_cost_few_reads() -> None:
    (page,) = await _page(61, set(range(1, 30)), Window(2), rounds=3)

    assert page.items == (0, 30)


def _items(pages: Sequence[Filled[int]]) -> list[int]:
    return [item for page in pages for item in page.items]


async def _all_pages(count: int, hidden: set[int], first: int, rounds: int) -> list[Filled[int]]:
    pages: list[Filled[int]] = []
    while not pages or pages[-1].has_next:
        after = pages[-1].end if pages else None
        pages += await _page(count, hidden, Window(first, after), rounds)
    return pages


async def _page(count: int, hidden: set[int], window: Window, rounds: int) -> list[Filled[int]]:
    """A page of the numbers below `count` that are not hidden."""

    async def fetch(asked: Sequence[tuple[None, Window]]) -> list[Page[int]]:
        ((_, part),) = asked
        start = decode_cursor("n", part.after)[0] + 1 if part.after else 0
        return [page_of(range(start, count)[: part.first + 1], part, lambda n: encode_cursor("n", n))]

    async def load(ids: Sequence[int]) -> list[int | None]:
        return [None if one in hidden else one for one in ids]

    return await fill([None], window, fetch, load, rounds)
