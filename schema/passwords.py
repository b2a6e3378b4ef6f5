"""Passwords, and what is mailed to those who have forgotten theirs."""

from datetime import datetime

import strawberry

from schema.accounts import Account
from schema.mutation import Payload


@strawberry.input
class ChangePasswordInput:
    current_password: str
    new_password: str
    revoke_other_sessions: bool = True


@strawberry.input
class RequestPasswordResetInput:
    identifier: str


@strawberry.input
class ResetPasswordInput:
    code: str
    new_password: str


@strawberry.type
class ChangePasswordPayload(Payload):
    account: Account | None = None
    revoked_session_ids: list[strawberry.ID] | None = None


@strawberry.type
class RequestPasswordResetPayload(Payload):
    next_request_at: datetime | None = None


@strawberry.type
class ResetPasswordPayload(Payload):
    was_reset: bool | None = None
