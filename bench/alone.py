"""Execution alone: a screen whose objects lie in memory, by plan, by the reference executor and written by hand."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

import strawberry
from graphql import OperationDefinitionNode, execute, parse
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable

from engine.program import Compiler
from engine.run import Run
from schema.fields import attribute, batched, root

POSTS: Final = 20
RUNS: Final = 40
ROUNDS: Final = 5
SCREEN: Final = """{ feed { hasMore edges { cursor node {
  id caption createdAt likeCount commentCount viewerHasLiked
  author { id handle displayName isVerified } media { id width height blurhash }
  commentPreview { id body author { id handle } } } } } }"""


def show() -> None:
    """Print the CPU time of the screen each way, and how often that of the plan goes into it."""
    ways = {"by plan": _by_plan(), "by the reference executor": _by_reference, "by hand": _by_hand}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            spent[name].append(asyncio.run(_seconds(way)))
    for name, seconds in spent.items():
        times = median(seconds) / median(spent["by plan"])
        print(f"{1000 * median(seconds):.2f} ms of CPU for a screen in memory {name}: {times:.2f} times that by plan")


async def _seconds(way: Callable[[], Awaitable[Any]]) -> float:
    """CPU seconds of one screen, once everything is warm."""
    await way()
    began = time.process_time()
    for _ in range(RUNS):
        await way()
    return (time.process_time() - began) / RUNS


def _by_plan() -> Callable[[], Awaitable[Any]]:
    (operation,) = (each for each in _DOCUMENT.definitions if isinstance(each, OperationDefinitionNode))
    program, variables = Compiler(_SCHEMA).program(_DOCUMENT), VariableValues({}, {})
    return lambda: Run(Memory(), variables).operation(program.plan(operation, variables))


async def _by_reference() -> Any:
    result = execute(_SCHEMA, _DOCUMENT, context_value=Memory())
    return await result if is_awaitable(result) else result


async def _by_hand() -> Any:
    return {"feed": {"hasMore": _FEED.has_more, "edges": [_edge(each) for each in _FEED.edges]}}


def _edge(edge: "Edge") -> dict[str, Any]:
    post = edge.node
    number = int(post.id)
    author = _AUTHORS[number]
    return {
        "cursor": edge.cursor(),
        "node": {
            "id": post.id,
            "caption": post.caption,
            "createdAt": post.created_at,
            "likeCount": number,
            "commentCount": number,
            "viewerHasLiked": post.id == "1",
            "author": {
                "id": author.id,
                "handle": author.handle,
                "displayName": author.display_name,
                "isVerified": author.is_verified,
            },
            "media": [
                {"id": each.id, "width": each.width, "height": each.height, "blurhash": each.blurhash}
                for each in _PICTURES[number]
            ],
            "commentPreview": [_comment(each) for each in _COMMENTS[number]],
        },
    }


def _comment(comment: "Comment") -> dict[str, Any]:
    author = _AUTHORS[int(comment.id) % POSTS]
    return {"id": comment.id, "body": comment.body, "author": {"id": author.id, "handle": author.handle}}


@strawberry.type
class Author:
    """Who wrote something."""

    id: strawberry.ID
    handle: str
    display_name: str
    is_verified: bool


@strawberry.type
class Picture:
    """What a post shows."""

    id: strawberry.ID
    width: int
    height: int
    blurhash: str


@strawberry.type
class Comment:
    """What is said below a post."""

    id: strawberry.ID
    body: str

    @batched
    async def author(comments: Sequence["Comment"], _ctx: "Memory") -> list[Author]:
        return [_AUTHORS[int(each.id) % POSTS] for each in comments]


@strawberry.type
class Post:
    """A row of the screen."""

    id: strawberry.ID
    caption: str
    created_at: str

    @batched
    async def author(posts: Sequence["Post"], _ctx: "Memory") -> list[Author]:
        return [_AUTHORS[int(each.id)] for each in posts]

    @batched
    async def media(posts: Sequence["Post"], _ctx: "Memory") -> list[list[Picture]]:
        return [_PICTURES[int(each.id)] for each in posts]

    @batched
    async def like_count(posts: Sequence["Post"], _ctx: "Memory") -> list[int]:
        return [int(each.id) for each in posts]

    @batched
    async def comment_count(posts: Sequence["Post"], _ctx: "Memory") -> list[int]:
        return [int(each.id) for each in posts]

    @batched
    async def viewer_has_liked(posts: Sequence["Post"], _ctx: "Memory") -> list[bool]:
        return [each.id == "1" for each in posts]

    @batched
    async def comment_preview(posts: Sequence["Post"], _ctx: "Memory") -> list[list[Comment]]:
        return [_COMMENTS[int(each.id)] for each in posts]


@strawberry.type
class Edge:
    """A post with its place."""

    node: Post

    @attribute
    def cursor(self) -> str:
        return f"after {self.node.id}"


@strawberry.type
class Feed:
    """All rows."""

    edges: list[Edge]
    has_more: bool


@strawberry.type
class Query:
    """The whole graph."""

    @root
    async def feed(_ctx: "Memory") -> Feed:
        return _FEED


class _Loaders:
    def field(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass
class Memory:
    """The context: nothing is loaded."""

    loaders: _Loaders = field(default_factory=_Loaders)
    batches: dict[Any, Any] = field(default_factory=dict)


def _id(number: int) -> strawberry.ID:
    return strawberry.ID(str(number))


_AUTHORS: Final = [
    Author(id=_id(n), handle=f"person.{n}", display_name="A name", is_verified=n < 2) for n in range(POSTS)
]
_PICTURES: Final = [[Picture(id=_id(n), width=1080, height=1350, blurhash="LEHV6nWB2yk8")] for n in range(POSTS)]
_COMMENTS: Final = [[Comment(id=_id(2 * n + m), body="Nice!") for m in range(2)] for n in range(POSTS)]
_POSTS: Final = [Post(id=_id(n), caption="By the sea", created_at="2026-11-21T12:00:00Z") for n in range(POSTS)]
_FEED: Final = Feed(edges=[Edge(node=each) for each in _POSTS], has_more=True)
_SCHEMA: Final = strawberry.Schema(Query)._schema  # noqa: SLF001 - graphql-core's own
_DOCUMENT: Final = parse(SCREEN)
