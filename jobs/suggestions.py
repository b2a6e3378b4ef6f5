"""Keeping suggestions fresh: who is due is handed out in small pieces, and made by whichever worker is free."""

from core.db import Write
from core.events import SuggestionsDue, UserFollowed, UserUnfollowed
from jobs.base import JobContext, consequence, every
from services.suggestions import making, turns

_AT_ONCE = 50


@every(2, "suggestions.hand_out")
async def hand_out(ctx: JobContext) -> None:
    """Let 50 people's suggestions be made at most, so that the makings of many do not delay what else is to be done."""
    await ctx.db.write(lambda tx: turns.hand_out(tx, _AT_ONCE))


@every(600, "suggestions.count_popular")
async def count_popular(ctx: JobContext) -> None:
    """Look who gained followers."""
    await ctx.db.write(making.count_popular)


@consequence(kind="in_transaction")
async def make(tx: Write, event: SuggestionsDue) -> None:
    """Make the suggestions of one person."""
    await making.make(tx, event.user_id)


@consequence(kind="in_transaction")
async def hasten(tx: Write, event: UserFollowed | UserUnfollowed) -> None:
    """Who follows others than before is suggested others than before."""
    await turns.hasten(tx, event.follower_id)
