"""Who is asking."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """The account on whose behalf a request, a subscription or a job reads; `id` is None when signed out."""

    id: UUID | None = None
    session_id: UUID | None = None
    is_suspended: bool = False
    address: str = ""
    user_agent: str = ""
    expires_at: datetime | None = None

    @property
    def is_signed_in(self) -> bool:
        return self.id is not None

    @property
    def user_id(self) -> UUID:
        """The viewer's own id; only for code behind `@auth`."""
        if self.id is None:
            msg = "this needs a signed-in viewer: mark the field with @auth"
            raise LookupError(msg)
        return self.id
