"""What an operation may know of itself and of its caller's budget."""

import strawberry

from schema import budget
from schema.context import Context
from schema.fields import Wanted, root
from schema.operations import OperationInfo, RateLimit


@strawberry.type
class OperationQueries:
    @root
    async def rate_limit(ctx: Context, *, dry_run: bool | None = False, wanted: Wanted) -> RateLimit | None:
        return await budget.rate_limit(ctx, with_fields="fields" in wanted)

    @root
    async def operation(ctx: Context) -> OperationInfo | None:
        return ctx.operation.info() if ctx.operation else None
