"""The caller's budget for one minute: points, characters of new documents, and what single fields have left."""

from functools import cache
from math import ceil, floor
from typing import Final

from core import clock
from core.buckets import Claim, Standing
from core.errors import ApiError
from schema.context import Context
from schema.contract import contract
from schema.contract.guards import Rate, claims
from schema.operations import FieldRateLimit, RateLimit
from schema.scalars import write_moment

POINTS: Final = 60_000
CHARACTERS: Final = 2_000_000
WINDOW: Final = 60
FIELDS: Final = 10

_RATE: Final = Rate(POINTS, WINDOW, "VIEWER", is_same_for_all=True)
_READING: Final = Rate(CHARACTERS, WINDOW, "VIEWER", is_same_for_all=True)


async def spend(ctx: Context, points: int) -> None:
    """Take the points of one operation from the budget; raises ApiError when they are not left.

    What the quotas of its fields count is taken with them, where it is known beforehand that they will run.
    """
    if not points:
        return
    known = _known_calls(ctx)
    retry_at, *refusals = await ctx.buckets.take_each([_claims(ctx, points), *known.values()])
    if retry_at is not None:
        raise ApiError("RATE_LIMITED", "Too many points in a short time.", {"retryAt": write_moment(retry_at)})
    ctx.quotas.update(zip(known, refusals, strict=True))


def _known_calls(ctx: Context) -> dict[str, list[Claim]]:
    """The claims of fields that will run and count for the same subject as the operation."""
    if ctx.operation is None or not ctx.viewer.is_signed_in:
        return {}
    limited = {where: _own_rates().get(where) for where in ctx.operation.certain}
    return {where: taken for where, rates in limited.items() if rates and (taken := claims(ctx, where, rates))}


async def read(ctx: Context, characters: int) -> None:
    """Let a document be read that nobody has sent lately, as every wrong one is; raises ApiError when it is too much.

    To parse and validate takes far longer than to run what is known, and costs no points.
    """
    taken = [Claim(each.key, each.limit, each.window, characters) for each in claims(ctx, "documents", [_READING])]
    if (retry_at := await ctx.buckets.take(taken)) is not None:
        raise ApiError("RATE_LIMITED", "Too many new documents in a short time.", {"retryAt": write_moment(retry_at)})


async def rate_limit(ctx: Context, *, with_fields: bool) -> RateLimit:
    """The budget as it stands; while limits are switched off nothing of it is used."""
    taken = _claims(ctx, 0)
    standings = await ctx.buckets.standings(taken) or [Standing(0, clock.now())]
    limit = int(taken[0].limit) if taken else POINTS
    return RateLimit(
        limit=limit,
        used=ceil(standings[0].used),
        remaining=max(0, floor(limit - standings[0].used)),
        reset_at=standings[0].resets_at,
        cost=ctx.operation.cost if ctx.operation else 0,
        fields=await _field_limits(ctx) if with_fields else [],
    )


def _claims(ctx: Context, points: int) -> list[Claim]:
    return [Claim(each.key, each.limit, each.window, points) for each in claims(ctx, "operation", [_RATE])]


async def _field_limits(ctx: Context) -> list[FieldRateLimit]:
    """The limits that count a call of the caller, those with the least left first, at most `FIELDS`."""
    found: list[tuple[float, FieldRateLimit]] = []
    for scope in ("VIEWER", "ADDRESS"):
        named = [
            (where, claim) for where, rate in _rates() if rate.scope == scope for claim in claims(ctx, where, [rate])
        ]
        standings = await ctx.buckets.standings([claim for _, claim in named])
        found += [
            (1 - each.used / claim.limit, _shown(where, claim, each))
            for (where, claim), each in zip(named, standings, strict=True)
            if each.used
        ]
    found.sort(key=lambda each: each[0])
    return [shown for _, shown in found[:FIELDS]]


def _shown(where: str, claim: Claim, standing: Standing) -> FieldRateLimit:
    remaining = max(0, floor(claim.limit - standing.used))
    return FieldRateLimit(coordinate=where, limit=int(claim.limit), remaining=remaining, reset_at=standing.resets_at)


@cache
def _rates() -> list[tuple[str, Rate]]:
    """Every `@rateLimit` of the contract and the field it stands at."""
    return [(each.where, Rate(**each.values)) for each in contract().all_applied() if each.name == "rateLimit"]


@cache
def _own_rates() -> dict[str, list[Rate]]:
    """The limits of fields that count by viewer alone."""
    found: dict[str, list[Rate]] = {}
    for where, rate in _rates():
        found.setdefault(where, []).append(rate)
    return {where: rates for where, rates in found.items() if all(each.scope == "VIEWER" for each in rates)}
