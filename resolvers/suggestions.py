"""Saying no to suggestions."""

import strawberry

from core.ids import UserId
from schema.context import Context
from schema.mutation import mutation
from schema.suggestions import DismissSuggestionInput, DismissSuggestionPayload
from services.suggestions import dismissing


@strawberry.type
class SuggestionMutations:
    @mutation
    async def dismiss_suggestion(ctx: Context, *, input: DismissSuggestionInput) -> DismissSuggestionPayload:
        user_id = UserId.parse(input.user_id)
        await ctx.write(lambda tx: dismissing.dismiss(tx, ctx.viewer, user_id.id))
        return DismissSuggestionPayload(dismissed_user_id=strawberry.ID(str(user_id)))
