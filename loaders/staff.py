"""What moderators see of acts and accounts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from loaders.base import Scope
from services import staff, trust
from services.staff import AuditRow


async def audit_entries_by_id(scope: Scope, ids: Sequence[UUID]) -> list[AuditRow | None]:
    """Acts of staff; None for everybody else."""
    async with scope.reading() as db:
        found = await staff.entries(db, scope.viewer, ids)
    return [found.get(each) for each in ids]


async def trust_by_id(scope: Scope, ids: Sequence[UUID]) -> list[tuple[datetime, float] | None]:
    """Since when there is each account, and how far it is trusted."""
    async with scope.reading() as db:
        return [await trust.of(db, each) for each in ids]
