"""Who may see and do what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import strawberry

from core.errors import ApiError
from core.ids import PrivacySettingsId
from loaders.privacy import privacy_by_id
from schema import nodes
from schema.context import Context
from schema.fields import attribute, batched
from schema.mutation import Payload
from schema.nodes import Node
from schema.posts import Audience
from services.privacy import PrivacyRow

if TYPE_CHECKING:
    from schema.accounts import Viewer


@strawberry.type
class PrivacySettings(Node):
    row: strawberry.Private[PrivacyRow]

    def global_id(self) -> PrivacySettingsId:
        return PrivacySettingsId(self.row.user_id)

    @attribute
    def is_private(self) -> bool:
        return self.row.is_private

    @attribute
    def hide_like_counts(self) -> bool:
        return self.row.hides_like_counts

    @attribute
    def comments(self) -> Audience:
        return Audience[self.row.comment_audience]

    @attribute
    def mentions(self) -> Audience:
        return Audience[self.row.mention_audience]

    @attribute
    def tags(self) -> Audience:
        return Audience[self.row.tag_audience]

    @attribute
    def is_discoverable(self) -> bool:
        return self.row.is_discoverable

    @attribute
    def filtered_words(self) -> list[str]:
        return list(self.row.filtered_words)


@strawberry.type
class PrivacyOfViewer:
    @batched
    async def privacy_settings(parents: list["Viewer"], ctx: Context) -> list[PrivacySettings | ApiError | None]:
        return await nodes.present(ctx, [PrivacySettingsId(viewer.user_id) for viewer in parents])


async def load_privacy_settings(ctx: Context, ids: Sequence[PrivacySettingsId]) -> list[PrivacySettings | None]:
    """The viewer's own settings by id."""
    rows = await ctx.loaders.load(privacy_by_id, [each.id for each in ids])
    return [PrivacySettings(row=row) if row else None for row in rows]


nodes.refetchable(PrivacySettingsId, load_privacy_settings)


@strawberry.input
class UpdatePrivacySettingsInput:
    is_private: bool | None = strawberry.UNSET
    hide_like_counts: bool | None = strawberry.UNSET
    comments: Audience | None = strawberry.UNSET
    mentions: Audience | None = strawberry.UNSET
    tags: Audience | None = strawberry.UNSET
    is_discoverable: bool | None = strawberry.UNSET
    filtered_words: list[str] | None = strawberry.UNSET


@strawberry.type
class UpdatePrivacySettingsPayload(Payload):
    privacy_settings: PrivacySettings | None = None
