"""What follows for those who wait to follow."""

from functools import partial

from core.events import PrivacyChanged
from jobs.base import JobContext, consequence
from services import follows
from services.tasks import Claim

_AT_ONCE = 500


@consequence(kind="outside", timeout=300)
async def let_in(ctx: JobContext, event: PrivacyChanged, _: Claim) -> None:
    """Let in whoever waits to follow an account that is private no longer, piece by piece."""
    while not await ctx.db.write(partial(follows.let_in, user_id=event.user_id, limit=_AT_ONCE)):
        pass
