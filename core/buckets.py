"""Rate limits: sliding windows counted in Redis by one script, or in this process while Redis is away."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

from core import clock
from core.errors import RateLimited
from core.redis import Cache, CacheUnavailable

REMEMBERED = 50_000
_SUBSCRIBER_BITS = 64


@dataclass(frozen=True, slots=True)
class Claim:
    """`cost` uses of something that may be used `limit` times per `window` seconds.

    `key` is `subject/name`, such as `usr_…/likePost`. Claims taken together share the subject: on a cluster the part
    before the slash decides where the key lives.
    """

    key: str
    limit: float
    window: float
    cost: float = 1


def network_of(address: str) -> str:
    """Where calls are counted together: an IPv4 address, or the /64 network that one IPv6 subscriber has whole."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or IPv6Network((int(known), _SUBSCRIBER_BITS), strict=False))


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a limit is used, and from when on none of these uses counts any more."""

    used: float
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class _Uses:
    """How often a key was used in one fixed window and in the one before."""

    window: int = 0
    current: float = 0
    previous: float = 0


# The same sums as in `_at`, `_weight` and `_free_at` below; times are in milliseconds.
_SCRIPT = """
local now, counted = tonumber(ARGV[1]), ARGV[2] == '1'
local retry_at, uses = {}, {}
for i, key in ipairs(KEYS) do
  local limit, window, cost = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
  local group = tonumber(ARGV[4 * i + 2])
  local index = math.floor(now / window)
  local stored = redis.call('HMGET', key, 'window', 'current', 'previous')
  local at, current, previous = tonumber(stored[1]), tonumber(stored[2]) or 0, tonumber(stored[3]) or 0
  if at == index - 1 then current, previous = 0, current
  elseif at ~= index then current, previous = 0, 0 end
  local passed = now / window - index
  retry_at[group] = retry_at[group] or 0
  if previous * (1 - passed) + current + cost > limit then
    local free = limit - cost
    local free_at = now + window
    if free >= current and previous > 0 then
      free_at = (index + 1 - (free - current) / previous) * window
    elseif free >= 0 and current > free then
      free_at = (index + 2 - free / current) * window
    end
    retry_at[group] = math.max(retry_at[group], free_at)
  end
  uses[i] = {index, current + cost, previous, window, group}
end
if counted and retry_at[1] == 0 then
  for i, key in ipairs(KEYS) do
    if retry_at[uses[i][5]] == 0 then
      redis.call('HSET', key, 'window', uses[i][1], 'current', uses[i][2], 'previous', uses[i][3])
      redis.call('PEXPIRE', key, math.ceil(2 * uses[i][4]))
    end
  end
end
for group, at in ipairs(retry_at) do retry_at[group] = tostring(math.ceil(at)) end
return retry_at
"""

_READ = """
local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('HMGET', key, 'window', 'current', 'previous') end
return found
"""


class Buckets:
    """Takes claims, all of them or none."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._local: OrderedDict[str, _Uses] = OrderedDict()

    async def take(self, claims: Sequence[Claim], *, dry_run: bool = False) -> datetime | None:
        """Count all claims and answer None; or, if one is beyond its limit, count none and answer when to try again.

        With `dry_run` nothing is counted. While Redis is away each process counts for itself with the same limits.
        """
        return (await self.take_each([claims], dry_run=dry_run))[0]

    async def require(self, claims: Sequence[Claim], *, dry_run: bool = False) -> None:
        """As `take`, but what is beyond a limit raises `RateLimited`."""
        if (retry_at := await self.take(claims, dry_run=dry_run)) is not None:
            raise RateLimited(retry_at)

    async def take_each(self, groups: Sequence[Sequence[Claim]], *, dry_run: bool = False) -> list[datetime | None]:
        """As `take` for each of several groups at once, all of one subject and no key twice.

        If the first is refused, nothing is counted: the others are for what will not happen then.
        """
        if not any(groups):
            return [None] * len(groups)
        now = clock.now().timestamp() * 1000
        try:
            found = await self._take_shared(groups, now, dry_run=dry_run)
        except CacheUnavailable:
            found = self._take_locally(groups, now, dry_run=dry_run)
        return [datetime.fromtimestamp(retry_at / 1000, UTC) if retry_at else None for retry_at in found]

    async def standings(self, claims: Sequence[Claim]) -> list[Standing]:
        """How each claim's limit stands, without counting anything; the cost of the claims plays no part."""
        if not claims:
            return []
        now = clock.now().timestamp() * 1000
        try:
            stored = await self._read_shared(claims)
        except CacheUnavailable:
            stored = [self._local.get(claim.key, _Uses()) for claim in claims]
        return [_standing(_at(uses, now, claim), now, claim) for uses, claim in zip(stored, claims, strict=True)]

    async def _read_shared(self, claims: Sequence[Claim]) -> list[_Uses]:
        found = await self._cache.script(_READ, [_redis_key(claim.key) for claim in claims])
        return [_Uses(int(one[0] or 0), float(one[1] or 0), float(one[2] or 0)) for one in found]

    async def _take_shared(self, groups: Sequence[Sequence[Claim]], now: float, *, dry_run: bool) -> list[float]:
        # Groups without claims are not told to the script, which counts from one.
        asked = [group for group in groups if group]
        keys = [_redis_key(claim.key) for group in asked for claim in group]
        numbers = [
            number
            for place, group in enumerate(asked, 1)
            for claim in group
            for number in (claim.limit, claim.window * 1000, claim.cost, place)
        ]
        answers = iter(await self._cache.script(_SCRIPT, keys, [now, 0 if dry_run else 1, *numbers]))
        return [float(next(answers)) if group else 0 for group in groups]

    def _take_locally(self, groups: Sequence[Sequence[Claim]], now: float, *, dry_run: bool) -> list[float]:
        found: list[float] = []
        for claims in groups:
            uses = [_at(self._local.get(claim.key, _Uses()), now, claim) for claim in claims]
            found.append(max((_free_at(use, now, claim) for use, claim in zip(uses, claims, strict=True)), default=0))
            if dry_run or found[-1] or found[0]:
                continue
            for use, claim in zip(uses, claims, strict=True):
                self._local[claim.key] = _Uses(use.window, use.current + claim.cost, use.previous)
                self._local.move_to_end(claim.key)
        while len(self._local) > REMEMBERED:
            self._local.popitem(last=False)
        return found


def _redis_key(key: str) -> str:
    subject, slash, name = key.partition("/")
    return f"rate:{{{subject}}}{slash}{name}"


def _at(uses: _Uses, now: float, claim: Claim) -> _Uses:
    """The same uses as seen from the window of `now`."""
    window = int(now // (claim.window * 1000))
    if uses.window == window:
        return uses
    return _Uses(window, 0, uses.current if uses.window == window - 1 else 0)


def _weight(uses: _Uses, now: float, claim: Claim) -> float:
    """Uses within one window's length back from `now`, those of the window before by the part that still counts."""
    passed = now / (claim.window * 1000) - uses.window
    return uses.previous * (1 - passed) + uses.current


def _standing(uses: _Uses, now: float, claim: Claim) -> Standing:
    length = claim.window * 1000
    ends = (uses.window + 2) * length if uses.current else (uses.window + 1) * length if uses.previous else now
    return Standing(_weight(uses, now, claim), datetime.fromtimestamp(ends / 1000, UTC))


def _free_at(uses: _Uses, now: float, claim: Claim) -> float:
    """0 when the claim fits now, else the moment from which it would."""
    if _weight(uses, now, claim) + claim.cost <= claim.limit:
        return 0
    length, free = claim.window * 1000, claim.limit - claim.cost
    if free >= uses.current and uses.previous > 0:
        return ceil((uses.window + 1 - (free - uses.current) / uses.previous) * length)
    if free >= 0 and uses.current > free:
        return ceil((uses.window + 2 - free / uses.current) * length)
    return ceil(now + length)
