"""What is told live about an account."""

import strawberry

from schema.accounts import Viewer
from schema.auth import Session
from schema.events import AccountEvent


@strawberry.type
class SessionStartedEvent(AccountEvent):
    session: Session


@strawberry.type
class SessionsRevokedEvent(AccountEvent):
    revoked_session_ids: list[strawberry.ID]


@strawberry.type
class AccountChangedEvent(AccountEvent):
    viewer: Viewer
