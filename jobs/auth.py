"""What follows when a session ends or an account changes, and the turns of the keys that sign tokens."""

from core.events import (
    AccountDeactivated,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountErased,
    AccountReactivated,
    AccountUpdated,
    SessionEnded,
)
from jobs.base import LIVE, JobContext, consequence, every
from services.auth import news, rotation
from services.tasks import Claim

Changed = (
    SessionEnded
    | AccountUpdated
    | AccountDeactivated
    | AccountReactivated
    | AccountDeletionRequested
    | AccountDeletionCancelled
    | AccountErased
)


@consequence(kind="outside", queue=LIVE)
async def look_again(ctx: JobContext, event: Changed, claim: Claim) -> None:  # noqa: ARG001 - every outside task has it
    """Wake the processes that may know the person; one that does not hear it looks by itself within seconds."""
    await ctx.pubsub.wake(news.topic_of(event.user_id))


@every(60, "keys.go_on")
async def turn_keys(ctx: JobContext) -> None:
    """Let a key that waits take over, and forget those whose tokens are all over."""
    await ctx.db.write(rotation.go_on)
