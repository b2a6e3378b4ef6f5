"""One operation as it is about to run: what it costs, and what it can be told of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, OperationType
from graphql.execution.values import VariableValues

from aperture import bill, limits
from aperture.cost import MAX_COST, Plan
from aperture.deprecations import deprecations
from aperture.documents import Operation
from core import telemetry
from core.errors import ApiError
from schema.operations import CostItem, OperationInfo


@dataclass(slots=True)
class RunningOperation:
    """An operation with its variables, as the client sent them and as the schema reads them."""

    schema: GraphQLSchema
    operation: Operation
    plan: Plan
    sent: dict[str, Any]
    variables: VariableValues
    cost: int
    max_depth: int
    is_persisted: bool

    @property
    def certain(self) -> Sequence[str]:
        """Fields that a query will run, whatever its variables are."""
        return self.plan.certain if self.operation.node.operation is OperationType.QUERY else ()

    def require_affordable(self) -> None:
        """Refuse what costs more than one operation may; raises ApiError."""
        if self.cost > MAX_COST:
            raise ApiError(
                "COST_LIMIT_EXCEEDED",
                f"The operation costs {self.cost} points; {MAX_COST} are allowed.",
                {"cost": self.cost, "maxCost": MAX_COST},
            )

    def estimate(self) -> dict[str, Any]:
        """What it may cost, field by field, for an answer that tells it; nothing of it has to run."""
        return {"maxCost": MAX_COST, **bill.estimate(self.plan, self.variables.coerced)}

    def bill(self, data: dict[str, Any] | None) -> dict[str, Any]:
        """What it cost, field by field, with this answer."""
        return {"maxCost": MAX_COST, **bill.bill(self.plan, self.variables.coerced, data)}

    def info(self) -> OperationInfo:
        """All that can be told of it."""
        document, node = self.operation.document, self.operation.node
        return OperationInfo(
            name=self.operation.name,
            hash=document.hash,
            is_persisted=self.is_persisted,
            cost=self.cost,
            max_cost=MAX_COST,
            depth=limits.depth(document.ast, node),
            max_depth=self.max_depth,
            cost_breakdown=[
                CostItem(path=list(each.path), coordinate=each.coordinate, points=each.points)
                for each in self.plan.breakdown(self.variables.coerced)
            ],
            deprecations=deprecations(self.schema, document.ast, node, self.sent),
            trace_id=telemetry.request_id(),
        )
