"""Choosing who may see and do what."""

from typing import Any

import strawberry
from strawberry import UNSET

from core.ids import PrivacySettingsId
from schema import nodes
from schema.context import Context
from schema.mutation import mutation
from schema.privacy import PrivacySettings, UpdatePrivacySettingsInput, UpdatePrivacySettingsPayload
from services import privacy


@strawberry.type
class PrivacyMutations:
    @mutation
    async def update_privacy_settings(
        ctx: Context, *, input: UpdatePrivacySettingsInput
    ) -> UpdatePrivacySettingsPayload:
        changes = _changes(input)
        await ctx.write(lambda tx: privacy.update_settings(tx, ctx.viewer, changes))
        settings = await nodes.one(ctx, PrivacySettingsId(ctx.viewer.user_id), PrivacySettings)
        return UpdatePrivacySettingsPayload(privacy_settings=settings)


def _changes(input: UpdatePrivacySettingsInput) -> dict[str, Any]:
    """What the input names; null changes nothing."""
    given = {
        "is_private": input.is_private,
        "hides_like_counts": input.hide_like_counts,
        "comment_audience": input.comments.value if input.comments else None,
        "mention_audience": input.mentions.value if input.mentions else None,
        "tag_audience": input.tags.value if input.tags else None,
        "is_discoverable": input.is_discoverable,
        "filtered_words": input.filtered_words,
    }
    return {name: value for name, value in given.items() if value not in (None, UNSET)}
