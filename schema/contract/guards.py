"""`@auth`, `@constraint`, `@degradable` and `@rateLimit` as plain wrappers around a declared field function."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from math import ceil
from typing import Any

from core.buckets import Claim, network_of
from core.errors import ApiError, BadInput, RateLimited, Refusals
from core.overload import Rank
from core.viewer import Viewer
from engine.kinds import Call, Guard, Kind
from schema.context import Context
from schema.contract.constraints import Check, breaches
from schema.contract.written import ContractError
from schema.scalars import write_moment
from services import trust
from services.auth import proofs

Demand = Callable[[Context, Mapping[str, Any]], Awaitable[None]]
"""What must hold before a field runs, given its context and its arguments; raises if it does not."""

_MEMBERS = frozenset(["MEMBER", "MODERATOR", "ADMIN"])
LEVELS: Mapping[str, frozenset[str]] = {
    "ACCOUNT": _MEMBERS,
    "VIEWER": _MEMBERS,
    "RECENT_VIEWER": _MEMBERS,
    "MODERATOR": frozenset(["MODERATOR", "ADMIN"]),
    "ADMIN": frozenset(["ADMIN"]),
}
"""Which roles have each level of `@auth`."""

_RESTRICTED = {
    "SUSPENDED": "This account is suspended.",
    "DEACTIVATED": "This account sleeps. Log in to wake it up.",
    "PENDING_DELETION": "This account waits to be deleted.",
}

SIGN_UP = "Mutation.signUp"
"""The one field whose limits have a factor of their own."""


def require_session(level: str) -> Demand:
    """`@auth`: each level asks for what `judge_session` says, and RECENT_VIEWER for a proof of the last minutes."""
    if level not in LEVELS:
        raise ContractError(f"@auth(requires: {level}) has no guard")

    async def demand(ctx: Context, _: Mapping[str, Any]) -> None:
        judge_session(level, ctx.viewer)
        if level == "RECENT_VIEWER":
            await proofs.require_recent(ctx.backends, ctx.viewer)

    return demand


def judge_session(level: str, viewer: Viewer) -> None:
    """Raise unless the session is one of an account in good standing, with the role; ACCOUNT takes any session."""
    if not viewer.is_signed_in:
        raise ApiError("UNAUTHENTICATED", "Sign in first.")
    if level != "ACCOUNT" and viewer.is_restricted:
        raise ApiError("ACCOUNT_RESTRICTED", _RESTRICTED[viewer.status])
    if viewer.role not in LEVELS[level]:
        raise ApiError("FORBIDDEN", "This is for moderators alone.")


def require_sound_input(checks: Sequence[Check], *, is_mutation: bool) -> Demand:
    """`@constraint`: a mutation tells all breaches in its payload, any other field the first at the top level."""

    async def demand(_: Context, arguments: Mapping[str, Any]) -> None:
        judge_input(checks, arguments, is_mutation=is_mutation)

    return demand


def judge_input(checks: Sequence[Check], arguments: Mapping[str, Any], *, is_mutation: bool) -> None:
    """Raise if an argument breaks its rules."""
    found = breaches(checks, arguments.get)
    if is_mutation:
        reasons = list(found)
        if reasons:
            raise Refusals(reasons)
        return
    for breach in found:
        raise BadInput(f"Argument {'.'.join(breach.path)}: {breach.message}")


LITTLE_TRUST = 0.5
"""How much of a limit per viewer is left to accounts that are trusted little."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One `@rateLimit`: `limit` calls of the field per `window` seconds; `is_same_for_all` whatever their trust."""

    limit: int
    window: int
    scope: str
    is_same_for_all: bool = False

    def factor(self, viewer: Viewer) -> float:
        """What part of the limit a viewer has."""
        is_halved = self.scope == "VIEWER" and viewer.is_signed_in and viewer.trust < trust.LOW
        return LITTLE_TRUST if is_halved and not self.is_same_for_all else 1

    def subject(self, viewer: Viewer) -> str:
        """Whose calls are counted together."""
        by_account = self.scope == "VIEWER" and viewer.is_signed_in
        return f"viewer:{viewer.user_id}" if by_account else f"address:{network_of(viewer.address)}"


def require_quota(where: str, rates: Sequence[Rate], *, is_mutation: bool) -> Demand:
    """`@rateLimit`: all limits of one field are taken together, or none is; `budget.spend` may have taken them."""

    async def demand(ctx: Context, _: Mapping[str, Any]) -> None:
        is_counted = where in ctx.quotas
        retry_at = ctx.quotas.pop(where) if is_counted else await ctx.buckets.take(claims(ctx, where, rates))
        if retry_at is not None and is_mutation:
            raise RateLimited(retry_at)
        if retry_at is not None:
            raise ApiError("RATE_LIMITED", "Too many calls in a short time.", {"retryAt": write_moment(retry_at)})

    return demand


def claims(ctx: Context, where: str, rates: Sequence[Rate]) -> list[Claim]:
    """One call of a field, to be counted against its limits; none while limits are switched off.

    Accounts that are trusted little have half of those that count by viewer.
    """
    settings = ctx.backends.settings
    factor = settings.rate_limit_factor * (settings.sign_up_rate_factor if where == SIGN_UP else 1)
    if not factor:
        return []
    return [
        Claim(
            f"{rate.subject(ctx.viewer)}/{where}:{rate.window}",
            max(1, ceil(rate.limit * factor * rate.factor(ctx.viewer))),
            rate.window,
        )
        for rate in rates
    ]


async def stand_back(ctx: Context, _: Mapping[str, Any]) -> None:
    """`@degradable`: nothing is done while there is too much to do."""
    ctx.backends.overload.require(Rank.EXTRA)


def guard(kind: Kind, demands: Sequence[Demand]) -> Guard:
    """A wrapper that makes all demands, in their order, before the function runs."""

    async def meet(ctx: Context, arguments: Mapping[str, Any]) -> None:
        for demand in demands:
            await demand(ctx, arguments)

    def around_root(call: Call) -> Call:
        @wraps(call)
        async def guarded(ctx: Context, **arguments: Any) -> Any:
            await meet(ctx, arguments)
            return await call(ctx, **arguments)

        return guarded

    def around_batched(call: Call) -> Call:
        @wraps(call)
        async def guarded(parents: Sequence[Any], ctx: Context, **arguments: Any) -> Any:
            await meet(ctx, arguments)
            return await call(parents, ctx, **arguments)

        return guarded

    return around_root if kind is Kind.ROOT else around_batched


def guard_attribute(checks: Sequence[Check]) -> Guard:
    """A wrapper for an attribute, which has neither session nor rate: its arguments alone are judged."""

    def around(call: Call) -> Call:
        @wraps(call)
        def guarded(parent: Any, **arguments: Any) -> Any:
            judge_input(checks, arguments, is_mutation=False)
            return call(parent, **arguments)

        return guarded

    return around
