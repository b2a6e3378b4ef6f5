"""Email addresses of accounts, and how they are confirmed."""

from datetime import datetime

import strawberry

from schema.accounts import Account
from schema.mutation import Payload


@strawberry.input
class RequestEmailVerificationInput:
    email: str | None = strawberry.UNSET


@strawberry.input
class VerifyEmailInput:
    code: str


@strawberry.type
class RequestEmailVerificationPayload(Payload):
    account: Account | None = None
    next_request_at: datetime | None = None


@strawberry.type
class VerifyEmailPayload(Payload):
    verified_email: str | None = None
