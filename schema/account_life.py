"""Putting an account to sleep, and having it deleted."""

import strawberry

from schema.accounts import Account
from schema.mutation import Payload


@strawberry.input
class DeactivateAccountInput:
    reason: str | None = strawberry.UNSET


@strawberry.type
class DeactivateAccountPayload(Payload):
    account: Account | None = None


@strawberry.input
class RequestAccountDeletionInput:
    reason: str | None = strawberry.UNSET


@strawberry.type
class RequestAccountDeletionPayload(Payload):
    account: Account | None = None


@strawberry.input
class CancelAccountDeletionInput:
    reactivate: bool = True


@strawberry.type
class CancelAccountDeletionPayload(Payload):
    account: Account | None = None
