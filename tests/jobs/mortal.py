"""A worker whose consequence ends the process in its first try, or takes a while: `python -m tests.jobs.mortal`."""

import asyncio
import os
import signal

from aperture.worker import run
from core.events import PostLiked, PostUnliked
from core.settings import settings
from jobs.base import JobContext, consequence
from services.tasks import Claim

EFFECTS = "test:effects"
BEGAN = "test:began"
ENDED = "test:ended"


@consequence(kind="outside")
async def die_after_the_effect(ctx: JobContext, event: PostLiked, _claim: Claim) -> None:
    """An effect that bears to happen twice, and a sudden end between it and its mark the first time."""
    async with ctx.cache.calls() as redis:
        is_first = await redis.sadd(EFFECTS, str(event.post_id))
    if is_first:
        os.kill(os.getpid(), signal.SIGKILL)


@consequence(kind="outside")
async def take_a_while(ctx: JobContext, _event: PostUnliked, _claim: Claim) -> None:
    """Work that is in the middle when the process is asked to end."""
    await ctx.cache.run(lambda redis: redis.incr(BEGAN))
    await asyncio.sleep(1)
    await ctx.cache.run(lambda redis: redis.incr(ENDED))


ROUTES = {PostLiked: (die_after_the_effect,), PostUnliked: (take_a_while,)}

if __name__ == "__main__":
    run(settings(), ROUTES)
