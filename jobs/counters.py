"""Folds counter deltas into the stored values, so that a count stays a short sum."""

from jobs.base import JobContext, every
from services import counters

_AT_ONCE = 5000


@every(1, "counters.fold")
async def fold(ctx: JobContext) -> None:
    """Fold until few are left; the rest is for the next second."""
    while await ctx.db.write(lambda tx: counters.fold(tx, _AT_ONCE)) == _AT_ONCE:
        pass
