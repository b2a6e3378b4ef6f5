"""Text in segments, so that clients neither parse nor count characters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import strawberry

from core.ids import UserId
from schema import nodes
from schema.context import Context
from schema.fields import attribute, batched
from schema.scalars import URL
from services import text
from services.text import Segment

if TYPE_CHECKING:
    from schema.profiles import User


@strawberry.interface
class TextSegment:
    text: str


@strawberry.type
class PlainSegment(TextSegment):
    pass


@strawberry.type
class MentionSegment(TextSegment):
    user_id: strawberry.Private[UserId]

    @batched
    async def user(
        parents: list["MentionSegment"], ctx: Context
    ) -> list[Annotated["User", strawberry.lazy("schema.profiles")] | None]:
        return await nodes.load_listed(ctx, [each.user_id for each in parents])


@strawberry.type
class HashtagSegment(TextSegment):
    pass


@strawberry.type
class LinkSegment(TextSegment):
    url: URL


@strawberry.type
class RichText:
    text: str
    mentions: strawberry.Private[Mapping[str, str]]

    @attribute
    def segments(self) -> list[TextSegment]:
        return [_segment(piece, self.mentions) for piece in text.segments(self.text, self.mentions)]


def rich_text(words: str | None, mentions: Mapping[str, str] | None) -> RichText | None:
    """A text with the people it mentions; None stays None."""
    return RichText(text=words, mentions=mentions or {}) if words is not None else None


def _segment(piece: Segment, mentions: Mapping[str, str]) -> TextSegment:
    match piece.kind:
        case "mention":
            return MentionSegment(text=piece.text, user_id=UserId.parse(mentions[piece.value]))
        case "hashtag":
            return HashtagSegment(text=piece.text)
        case "link":
            return LinkSegment(text=piece.text, url=URL(piece.value))
    return PlainSegment(text=piece.text)
