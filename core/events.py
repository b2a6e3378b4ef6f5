"""What happened: the only words in which features speak to each other."""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self, get_type_hints
from uuid import UUID


class Event:
    """A fact in the past tense, written in the transaction of the change it tells of; it carries ids, never content."""

    registry: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls) -> None:
        Event.registry[cls.__name__] = cls

    def to_json(self) -> dict[str, Any]:
        """The payload as plain JSON: UUIDs become text."""
        return {key: str(value) if isinstance(value, UUID) else value for key, value in asdict(self).items()}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> Self:
        """Read a payload back; fields added since it was written take their defaults."""
        hints = get_type_hints(cls)
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(
            **{key: UUID(value) if hints[key] is UUID else value for key, value in payload.items() if key in known}
        )


def event_of(name: str, payload: dict[str, Any]) -> Event:
    """The event an outbox row tells of."""
    return Event.registry[name].from_json(payload)


@dataclass(frozen=True, slots=True)
class AccountCreated(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class ProfileUpdated(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class PrivacyChanged(Event):
    """The account became private, or is no longer."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class SessionEnded(Event):
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class SessionStarted(Event):
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class RefreshTokenReused(Event):
    """A refresh token came a second time, which ended its session: one of the two who had it stole it."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class UnusualLogIn(Event):
    """A session began on a device or at a place that the person has not been seen with."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class LogInsFailed(Event):
    """Many log-ins with the person's name and a wrong password came within an hour."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class PasswordChanged(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class MailCodeIssued(Event):
    """A code is to be mailed; its text is in no event."""

    user_id: UUID
    code_id: UUID


@dataclass(frozen=True, slots=True)
class EmailChanged(Event):
    """The account has another address now; `code_id` is the code by which the former one is taken back."""

    user_id: UUID
    code_id: UUID


@dataclass(frozen=True, slots=True)
class SmsCodeIssued(Event):
    """A code is to be sent to the phone of a person; `code_id` is what its digits follow from."""

    user_id: UUID
    code_id: UUID


@dataclass(frozen=True, slots=True)
class IdentityMarked(Event):
    """The person has proved to have a phone, a mailbox or an account elsewhere that the account was not known for."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class SecondFactorEnabled(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class SecondFactorDisabled(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class RecoveryCodesRenewed(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class ProviderLinked(Event):
    user_id: UUID
    identity_id: UUID


@dataclass(frozen=True, slots=True)
class ProviderUnlinked(Event):
    user_id: UUID
    identity_id: UUID


@dataclass(frozen=True, slots=True)
class AccountUpdated(Event):
    """Settings of the account changed, which its other devices have to read again."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class HandleChanged(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AccountDeactivated(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AccountReactivated(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AccountDeletionRequested(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AccountDeletionCancelled(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class AccountErased(Event):
    user_id: UUID


@dataclass(frozen=True, slots=True)
class UserFollowed(Event):
    follower_id: UUID
    followee_id: UUID


@dataclass(frozen=True, slots=True)
class UserUnfollowed(Event):
    follower_id: UUID
    followee_id: UUID


@dataclass(frozen=True, slots=True)
class FollowRequested(Event):
    follower_id: UUID
    followee_id: UUID


@dataclass(frozen=True, slots=True)
class FollowRequestEnded(Event):
    """A request was denied or taken back."""

    follower_id: UUID
    followee_id: UUID


@dataclass(frozen=True, slots=True)
class UserBlocked(Event):
    """A block began: by a choice of the blocker, or following from one that was meant for another account."""

    blocker_id: UUID
    blocked_id: UUID


@dataclass(frozen=True, slots=True)
class UserUnblocked(Event):
    blocker_id: UUID
    blocked_id: UUID


@dataclass(frozen=True, slots=True)
class UserRestricted(Event):
    owner_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class UserUnrestricted(Event):
    owner_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class MutesChanged(Event):
    owner_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class CloseFriendAdded(Event):
    owner_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class CloseFriendRemoved(Event):
    owner_id: UUID
    person_id: UUID


@dataclass(frozen=True, slots=True)
class SuggestionsDue(Event):
    """It is time to look again whom a person may want to follow."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class UploadCompleted(Event):
    user_id: UUID
    upload_id: UUID


@dataclass(frozen=True, slots=True)
class UploadProgressed(Event):
    user_id: UUID
    upload_id: UUID


@dataclass(frozen=True, slots=True)
class UploadFinished(Event):
    user_id: UUID
    upload_id: UUID


@dataclass(frozen=True, slots=True)
class UploadDropped(Event):
    """An upload was cancelled or ran out of time; its bytes may go."""

    user_id: UUID
    upload_id: UUID


@dataclass(frozen=True, slots=True)
class PostSubmitted(Event):
    author_id: UUID
    post_id: UUID


@dataclass(frozen=True, slots=True)
class PostPublished(Event):
    author_id: UUID
    post_id: UUID


@dataclass(frozen=True, slots=True)
class PostUpdated(Event):
    author_id: UUID
    post_id: UUID


@dataclass(frozen=True, slots=True)
class PostAudienceChanged(Event):
    """A published post is for others than `before`, which is a `PostAudience`."""

    author_id: UUID
    post_id: UUID
    before: str


@dataclass(frozen=True, slots=True)
class PostDeleted(Event):
    author_id: UUID
    post_id: UUID


@dataclass(frozen=True, slots=True)
class PostLiked(Event):
    author_id: UUID
    post_id: UUID
    liker_id: UUID


@dataclass(frozen=True, slots=True)
class PostUnliked(Event):
    author_id: UUID
    post_id: UUID
    liker_id: UUID


@dataclass(frozen=True, slots=True)
class CommentAdded(Event):
    author_id: UUID
    post_id: UUID
    comment_id: UUID
    commenter_id: UUID


@dataclass(frozen=True, slots=True)
class CommentDeleted(Event):
    author_id: UUID
    post_id: UUID
    comment_id: UUID


@dataclass(frozen=True, slots=True)
class HeldCommentChanged(Event):
    """A comment that only its writer and the author of the post see was written, hidden or deleted."""

    author_id: UUID
    post_id: UUID
    comment_id: UUID
    commenter_id: UUID


@dataclass(frozen=True, slots=True)
class CommentUpdated(Event):
    """A comment was hidden or approved."""

    author_id: UUID
    post_id: UUID
    comment_id: UUID
