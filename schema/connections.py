"""Pages of things as Relay connections, for every kind of node in the same way."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import strawberry

from core.db import Read
from core.paging import Filled, Page, Window, fill
from schema import nodes
from schema.context import Context

if TYPE_CHECKING:
    from schema.profiles import User

P = TypeVar("P")
T = TypeVar("T")


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[T]):
    node: T
    cursor: str


@strawberry.type
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo


Fetch = Callable[[Read, Sequence[tuple[P, Window]]], Awaitable[Sequence[Page[Any]]]]


Load = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]


async def fill_pages(
    ctx: Context, parents: Sequence[P], window: Window, fetch: Fetch[P], load: Load | None = None
) -> list[Filled[Any]]:
    """A page of objects for each parent: hidden ones are left out and made up for by the next ones.

    `fetch` reads one page of ids for each parent in one statement; `load` makes objects of ids, as `nodes.load_listed`
    does: with `nodes.load` in its place, the list may have people in it whom the viewer blocks.
    """

    async def pages(asked: Sequence[tuple[P, Window]]) -> Sequence[Page[Any]]:
        async with ctx.loaders.scope.reading() as db:
            return await fetch(db, asked)

    return await fill(parents, window, pages, load or partial(nodes.load_listed, ctx))


async def fill_open(
    ctx: Context, people: Sequence["User"], window: Window, fetch: Fetch["User"], load: Load | None = None
) -> list[Filled[Any]]:
    """As `fill_pages`, for lists on profiles: those that are not open to the viewer have nothing on them."""
    shown = [person for person in people if person.row.access == "FULL"]
    found = iter(await fill_pages(ctx, shown, window, fetch, load))
    return [next(found) if person.row.access == "FULL" else EMPTY for person in people]


def page_info(filled: Filled[Any]) -> PageInfo:
    """Where a page starts and ends."""
    cursors = filled.cursors
    return PageInfo(
        has_next_page=filled.has_next,
        has_previous_page=filled.has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=filled.end,
    )


def connection(filled: Filled[T]) -> Connection[T]:
    """A connection whose edges say no more than their node and cursor."""
    edges = [Edge(node=each, cursor=cursor) for each, cursor in zip(filled.items, filled.cursors, strict=True)]
    return Connection(edges=edges, nodes=list(filled.items), page_info=page_info(filled))


EMPTY: Filled[Any] = Filled((), (), has_next=False, has_previous=False)
