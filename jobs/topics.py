"""What the watchers of a topic are told: that something happened, and to what."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from core.db import Write
from core.events import (
    AccountDeactivated,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountReactivated,
    AccountUpdated,
    CommentAdded,
    CommentDeleted,
    CommentUpdated,
    EmailChanged,
    Event,
    HandleChanged,
    HeldCommentChanged,
    MutesChanged,
    PasswordChanged,
    PostDeleted,
    PostLiked,
    PostPublished,
    PostUnliked,
    PostUpdated,
    ProviderLinked,
    ProviderUnlinked,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    SecondFactorDisabled,
    SecondFactorEnabled,
    SessionEnded,
    SessionStarted,
    UploadCompleted,
    UploadDropped,
    UploadFinished,
    UploadProgressed,
)
from jobs.base import LIVE, Consequence, JobContext
from services import event_log, tasks
from services.event_log import Entry
from services.tasks import Claim

E = TypeVar("E", bound=Event)

PostEvent = (
    PostPublished
    | PostUpdated
    | PostDeleted
    | PostLiked
    | PostUnliked
    | CommentAdded
    | CommentUpdated
    | CommentDeleted
    | HeldCommentChanged
)
AccountEvent = (
    SessionStarted
    | SessionEnded
    | PasswordChanged
    | EmailChanged
    | SecondFactorEnabled
    | SecondFactorDisabled
    | RecoveryCodeUsed
    | RecoveryCodesRenewed
    | ProviderLinked
    | ProviderUnlinked
    | AccountUpdated
    | HandleChanged
    | AccountDeactivated
    | AccountReactivated
    | AccountDeletionRequested
    | AccountDeletionCancelled
)
MediaEvent = UploadCompleted | UploadProgressed | UploadFinished | UploadDropped


def to(name: str, topics_of: Callable[[E], Iterable[str]]) -> Consequence:
    """Log the event in these topics, as far as they are watched, and wake the watchers after the commit."""

    async def perform(ctx: JobContext, event: Any, claim: Claim) -> None:
        entries = [Entry(topic, claim.event, claim.payload) for topic in topics_of(event)]

        async def log(tx: Write) -> list[str]:
            logged = await event_log.append(tx, claim.outbox_id, entries)
            await tasks.finish(tx, claim)
            return logged

        await ctx.pubsub.wake(*await ctx.db.write(log))

    return Consequence(f"topics.{name}", perform, queue=LIVE)


def _account(event: AccountEvent) -> list[str]:
    return [event_log.account_topic(event.user_id)]


def _post(event: PostEvent) -> list[str]:
    return [event_log.post_topic(event.post_id)]


def _media(event: MediaEvent) -> list[str]:
    return [event_log.media_topic(event.user_id)]


def _home(event: MutesChanged) -> list[str]:
    return [event_log.home_topic(event.owner_id)]


account = to("account", _account)
home = to("home", _home)
post = to("post", _post)
media = to("media", _media)
