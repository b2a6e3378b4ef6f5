"""What follows for the comments of people who leave and come back."""

from functools import partial
from uuid import UUID

from core.events import AccountDeactivated, AccountDeletionCancelled, AccountDeletionRequested, AccountReactivated
from jobs.base import JobContext, consequence
from services import settling, tasks
from services.tasks import Claim

_AT_ONCE = 500


@consequence(kind="outside")
async def settle_writer(
    ctx: JobContext,
    event: AccountDeactivated | AccountReactivated | AccountDeletionRequested | AccountDeletionCancelled,
    claim: Claim,
) -> None:
    """Count a person's comments again, or cease to, piece by piece."""
    place = UUID(claim.position["after"]) if claim.position else None
    settle = partial(settling.settle_some, user_id=event.user_id, limit=_AT_ONCE)
    while place := await ctx.db.write(partial(settle, after=place)):
        await ctx.db.write(partial(tasks.advance, claim=claim, position={"after": str(place)}))
