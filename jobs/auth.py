"""What follows when a session ends or an account changes: every API process looks again at whom it lets in."""

from core.events import (
    AccountDeactivated,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountErased,
    AccountReactivated,
    AccountUpdated,
    SessionEnded,
)
from jobs.base import LIVE, JobContext, consequence
from services.auth import news
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
