"""People the viewer may want to follow, why, and people like others."""

from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from core.errors import Unavailable
from core.ids import UserId
from core.paging import Filled, Page, Window, fill
from core.viewer import Viewer as Signed
from loaders.suggestions import asks_noted, follows_standing, similar_people
from schema import nodes
from schema.connections import EMPTY, Connection, PageInfo, connection, fill_pages, page_info
from schema.context import Context
from schema.fields import batched
from schema.mutation import Payload
from services.suggestions import english, reading, similar, turns
from services.suggestions.reading import Suggested

if TYPE_CHECKING:
    from core.db import Read
    from schema.accounts import Viewer
    from schema.profiles import User

LazyUser = Annotated["User", strawberry.lazy("schema.profiles")]


@strawberry.enum
class FeedReasonKind(Enum):
    CLOSE_TIE = "CLOSE_TIE"
    FOLLOWED_BY_FOLLOWED = "FOLLOWED_BY_FOLLOWED"
    POPULAR = "POPULAR"
    NEARBY = "NEARBY"


@strawberry.type
class FeedReason:
    kind: FeedReasonKind
    text: str
    users: list[LazyUser]


@strawberry.type
class SuggestedUserEdge:
    node: LazyUser
    cursor: str
    suggested: strawberry.Private[Suggested]

    @batched
    async def reasons(parents: list["SuggestedUserEdge"], ctx: Context) -> list[list[FeedReason]]:
        between = await _people_between(ctx, [edge.suggested for edge in parents])
        return [_reasons(edge.suggested, between[edge.suggested.id]) for edge in parents]


@strawberry.type
class SuggestedUserConnection:
    edges: list[SuggestedUserEdge]
    nodes: list[LazyUser]
    page_info: PageInfo


@strawberry.type
class SuggestionsOfViewer:
    @batched
    async def suggested_users(
        parents: list["Viewer"], ctx: Context, *, first: int | None = 10, after: str | None = None
    ) -> list[SuggestedUserConnection | None]:
        await _note_asking(ctx)
        found: dict[UserId, Suggested] = {}

        async def fetch(db: "Read", asked: Sequence[tuple[Signed, Window]]) -> list[Page[UserId]]:
            pages = [await reading.page(db, ctx.viewer, window) for _, window in asked]
            found.update({each.id: each for page in pages for each in page.ids})
            return [page.each(lambda suggested: suggested.id) for page in pages]

        (filled,) = await fill_pages(ctx, [ctx.viewer], Window(first or 10, after), fetch, partial(_suggestible, ctx))
        return [_connection(filled, found)] * len(parents)


@strawberry.type
class SimilarOfUser:
    @batched
    async def similar_users(
        parents: list["User"], ctx: Context, *, first: int | None = 10, after: str | None = None
    ) -> list[Connection[LazyUser] | None]:
        async def fetch(asked: Sequence[tuple[UserId, Window]]) -> list[Page[UserId]]:
            others = await ctx.loaders.load(similar_people, [person.id for person, _ in asked])
            return [similar.page(person.id, each, window) for (person, window), each in zip(asked, others, strict=True)]

        open_ = [person.global_id() for person in parents if person.row.access == "FULL"]
        found = iter(await fill(open_, Window(first or 10, after), fetch, partial(_suggestible, ctx)))
        return [connection(next(found) if person.row.access == "FULL" else EMPTY) for person in parents]


async def _suggestible(ctx: Context, ids: Sequence[UserId]) -> list["User | None"]:
    people = await nodes.load(ctx, ids)
    return [person if person and reading.may_be_suggested(person.row) else None for person in people]


async def _note_asking(ctx: Context) -> None:
    """Let suggestions be made for who has none; a database that takes no writes must not spoil the reading."""
    viewer_id = ctx.viewer.user_id
    if not await ctx.loaders.one(asks_noted, viewer_id):
        with suppress(Unavailable):
            await ctx.backends.db.write(partial(turns.note, user_id=viewer_id))


async def _people_between(ctx: Context, suggested: Sequence[Suggested]) -> dict[UserId, list["User"]]:
    """Whom the viewer follows, whose follows the viewer may see, and who still follow the one suggested."""
    pairs = [(known, each.id.id) for each in suggested for known in each.known]
    follow = await ctx.loaders.load(follows_standing, pairs)
    standing = {pair for pair, is_standing in zip(pairs, follow, strict=True) if is_standing}
    asked = [UserId(known) for known in dict.fromkeys(known for known, _ in pairs)]
    people: dict[UUID, User] = {
        key.id: person for key, person in zip(asked, await nodes.load(ctx, asked), strict=True) if _is_open(person)
    }
    return {
        each.id: [people[known] for known in each.known if known in people and (known, each.id.id) in standing]
        for each in suggested
    }


def _is_open(person: "User | None") -> bool:
    return person is not None and person.row.access == "FULL" and person.row.relationship.follows


def _reasons(suggested: Suggested, between: list["User"]) -> list[FeedReason]:
    reasons = []
    for kind in suggested.kinds:
        if kind != "FOLLOWED_BY_FOLLOWED":
            reasons.append(FeedReason(kind=FeedReasonKind[kind], text=english.SENTENCES[kind], users=[]))
        elif between:
            text = english.followed_by([person.row.handle for person in between])
            reasons.append(FeedReason(kind=FeedReasonKind[kind], text=text, users=between))
    return reasons


def _connection(filled: Filled["User"], found: dict[UserId, Suggested]) -> SuggestedUserConnection:
    edges = [
        SuggestedUserEdge(node=person, cursor=cursor, suggested=found[person.global_id()])
        for person, cursor in zip(filled.items, filled.cursors, strict=True)
    ]
    return SuggestedUserConnection(edges=edges, nodes=list(filled.items), page_info=page_info(filled))


@strawberry.input
class DismissSuggestionInput:
    user_id: strawberry.ID


@strawberry.type
class DismissSuggestionPayload(Payload):
    dismissed_user_id: strawberry.ID | None = None
