"""People tagged in pictures, and the posts that show a person."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.errors import Path
from core.ids import PostId, UserId
from core.paging import Page, Window
from schema import nodes, wants
from schema.connections import Connection, connection, fill_open
from schema.context import Context
from schema.fields import Wanted, attribute, batched
from schema.mutation import Payload
from services import tags
from services.tags import Tag
from services.visibility.rows import VisibleTag

if TYPE_CHECKING:
    from core.db import Read
    from schema.posts import Post
    from schema.profiles import User


@strawberry.type
class MediaTag:
    row: strawberry.Private[VisibleTag]

    @batched
    async def user(
        parents: list["MediaTag"], ctx: Context
    ) -> list[Annotated["User", strawberry.lazy("schema.profiles")]]:
        return await nodes.present(ctx, [UserId(tag.row.person.id) for tag in parents])

    @attribute
    def x(self) -> float:
        return self.row.x

    @attribute
    def y(self) -> float:
        return self.row.y


@strawberry.type
class TagsOfUser:
    @batched
    async def tagged_posts(
        parents: list["User"], ctx: Context, *, first: int | None = 12, after: str | None = None, wanted: Wanted
    ) -> list[Connection[Annotated["Post", strawberry.lazy("schema.posts")]] | None]:
        async def fetch(db: "Read", asked: Sequence[tuple["User", Window]]) -> list[Page[PostId]]:
            return await tags.pages_of_posts(db, [(person.row.id, part) for person, part in asked])

        load = partial(wants.load_page, ctx, wanted)
        return [connection(each) for each in await fill_open(ctx, parents, Window(first or 12, after), fetch, load)]


@strawberry.input
class MediaTagInput:
    user_id: strawberry.ID
    x: float = 0.5
    y: float = 0.5


def chosen_tags(given: list[MediaTagInput] | None, path: Path) -> list[Tag]:
    """The tags that stand at `path` in the input; null and nothing are none."""
    return [
        Tag(UserId.parse(each.user_id), each.x, each.y, (*path, "tags", str(place)))
        for place, each in enumerate(given or ())
    ]


@strawberry.input
class RemoveTagOfViewerInput:
    post_id: strawberry.ID


@strawberry.type
class RemoveTagOfViewerPayload(Payload):
    post: Annotated["Post", strawberry.lazy("schema.posts")] | None = None
