"""One operation as it is about to run: what it costs, and what it can be told of itself."""

from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from aperture import bill, limits
from aperture.cost import MAX_COST, Plan
from aperture.deprecations import deprecations
from aperture.documents import Document
from core import telemetry
from core.errors import ApiError
from schema.operations import CostItem, OperationInfo


@dataclass(slots=True)
class RunningOperation:
    """An operation with its variables, as the client sent them and as the schema reads them."""

    schema: GraphQLSchema
    document: Document
    node: OperationDefinitionNode
    plan: Plan
    sent: dict[str, Any]
    variables: VariableValues
    cost: int
    max_depth: int
    is_persisted: bool

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
        return OperationInfo(
            name=self.node.name.value if self.node.name else None,
            hash=self.document.hash,
            is_persisted=self.is_persisted,
            cost=self.cost,
            max_cost=MAX_COST,
            depth=limits.depth(self.document.ast, self.node),
            max_depth=self.max_depth,
            cost_breakdown=[
                CostItem(path=list(each.path), coordinate=each.coordinate, points=each.points)
                for each in self.plan.breakdown(self.variables.coerced)
            ],
            deprecations=deprecations(self.schema, self.document.ast, self.node, self.sent),
            trace_id=telemetry.request_id(),
        )
