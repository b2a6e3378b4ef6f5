"""What follows from log-ins."""

from core.db import Write
from core.events import SessionStarted
from jobs.base import consequence
from services.auth import unusual


@consequence(kind="in_transaction")
async def compare(tx: Write, event: SessionStarted) -> None:
    """Tell of a log-in that is unlike those before."""
    await unusual.judge(tx, event.user_id, event.session_id)
