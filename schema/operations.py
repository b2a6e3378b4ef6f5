"""What an operation and its caller's budget look like to the operation itself."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import strawberry


@strawberry.type
class FieldRateLimit:
    coordinate: str
    limit: int
    remaining: int
    reset_at: datetime


@strawberry.type
class RateLimit:
    limit: int
    used: int
    remaining: int
    reset_at: datetime
    cost: int
    fields: list[FieldRateLimit]


@strawberry.type
class CostItem:
    path: list[str]
    coordinate: str
    points: int


@strawberry.type
class DeprecationUse:
    coordinate: str
    path: list[str] | None
    reason: str
    removal_date: date | None


@strawberry.type
class OperationInfo:
    name: str | None
    hash: str
    is_persisted: bool
    cost: int
    max_cost: int
    depth: int
    max_depth: int
    cost_breakdown: list[CostItem]
    deprecations: list[DeprecationUse]
    trace_id: str


class Operation(Protocol):
    """The operation that runs, as the transport knows it."""

    @property
    def cost(self) -> int:
        """Points it costs, reckoned before it ran."""

    @property
    def certain(self) -> Sequence[str]:
        """Fields that will run, as `Viewer.homeFeed`, unless the operation is refused; there may be others."""

    def info(self) -> OperationInfo:
        """All that can be told of it, reckoned when asked for."""
