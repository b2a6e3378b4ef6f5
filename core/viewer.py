"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

AccountStatus = Literal["ACTIVE", "DEACTIVATED", "PENDING_DELETION", "SUSPENDED"]
AccountRole = Literal["MEMBER", "MODERATOR", "ADMIN"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account on whose behalf a request, a subscription or a job reads; `id` is None when signed out.

    `proved_at` is when the session last gave a password or second factor, as far as this process has heard; `trust` is
    how far the account is trusted, from 0 to 1.
    """

    id: UUID | None = None
    session_id: UUID | None = None
    status: AccountStatus = "ACTIVE"
    role: AccountRole = "MEMBER"
    proved_at: datetime | None = None
    trust: float = 1.0
    address: str = ""
    user_agent: str = ""
    expires_at: datetime | None = None

    @property
    def is_signed_in(self) -> bool:
        return self.id is not None

    @property
    def is_restricted(self) -> bool:
        """Whether the account may do no more than look after itself: suspended, or waiting to be deleted."""
        return self.status != "ACTIVE"

    @property
    def user_id(self) -> UUID:
        """The viewer's own id; only for code behind `@auth`."""
        if self.id is None:
            msg = "this needs a signed-in viewer: mark the field with @auth"
            raise LookupError(msg)
        return self.id
