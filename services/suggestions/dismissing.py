"""People whom somebody does not want to be suggested."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.db import Write
from core.errors import Invalid
from core.viewer import Viewer
from models.suggestions import DismissedSuggestion
from services.visibility import profiles

DISMISSED_FOR: Final = timedelta(days=90)


async def dismiss(tx: Write, viewer: Viewer, user_id: UUID) -> None:
    """Do not suggest a person to the viewer for 90 days, suggested before or not; again within them changes nothing."""
    await profiles.require_user(tx, viewer, user_id)
    if viewer.id == user_id:
        raise Invalid("INVALID", "You are never suggested to yourself.", ("input", "userId"))
    now = clock.now()
    row = {"user_id": viewer.user_id, "person_id": user_id, "dismissed_at": now}
    adding = insert(DismissedSuggestion).values(row)
    again = adding.on_conflict_do_update(
        index_elements=[DismissedSuggestion.user_id, DismissedSuggestion.person_id],
        set_={"dismissed_at": now},
        where=DismissedSuggestion.dismissed_at <= now - DISMISSED_FOR,
    )
    await tx.execute(again)
