"""Rate limits: sliding windows counted in Redis by one script, or in this process while Redis is away."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil

from core import clock
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
class _Uses:
    """How often a key was used in one fixed window and in the one before."""

    window: int = 0
    current: float = 0
    previous: float = 0


# The same sums as in `_at`, `_weight` and `_free_at` below; times are in milliseconds.
_SCRIPT = """
local now, counted = tonumber(ARGV[1]), ARGV[2] == '1'
local retry_at, uses = 0, {}
for i, key in ipairs(KEYS) do
  local limit, window, cost = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2])
  local index = math.floor(now / window)
  local stored = redis.call('HMGET', key, 'window', 'current', 'previous')
  local at, current, previous = tonumber(stored[1]), tonumber(stored[2]) or 0, tonumber(stored[3]) or 0
  if at == index - 1 then current, previous = 0, current
  elseif at ~= index then current, previous = 0, 0 end
  local passed = now / window - index
  if previous * (1 - passed) + current + cost > limit then
    local free = limit - cost
    local free_at = now + window
    if free >= current and previous > 0 then
      free_at = (index + 1 - (free - current) / previous) * window
    elseif free >= 0 and current > free then
      free_at = (index + 2 - free / current) * window
    end
    retry_at = math.max(retry_at, free_at)
  end
  uses[i] = {index, current + cost, previous, window}
end
if retry_at > 0 then return tostring(math.ceil(retry_at)) end
if counted then
  for i, key in ipairs(KEYS) do
    redis.call('HSET', key, 'window', uses[i][1], 'current', uses[i][2], 'previous', uses[i][3])
    redis.call('PEXPIRE', key, math.ceil(2 * uses[i][4]))
  end
end
return '0'
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
        if not claims:
            return None
        now = clock.now().timestamp() * 1000
        try:
            retry_at = await self._take_shared(claims, now, dry_run=dry_run)
        except CacheUnavailable:
            retry_at = self._take_locally(claims, now, dry_run=dry_run)
        return datetime.fromtimestamp(retry_at / 1000, UTC) if retry_at else None

    async def _take_shared(self, claims: Sequence[Claim], now: float, *, dry_run: bool) -> float:
        keys = [_redis_key(claim.key) for claim in claims]
        numbers = [number for claim in claims for number in (claim.limit, claim.window * 1000, claim.cost)]
        arguments = [str(value) for value in (now, 0 if dry_run else 1, *numbers)]
        async with self._cache.calls() as redis:
            return float(await redis.register_script(_SCRIPT)(keys=keys, args=arguments))

    def _take_locally(self, claims: Sequence[Claim], now: float, *, dry_run: bool) -> float:
        uses = [_at(self._local.get(claim.key, _Uses()), now, claim) for claim in claims]
        retry_at = max(_free_at(use, now, claim) for use, claim in zip(uses, claims, strict=True))
        if not retry_at and not dry_run:
            for use, claim in zip(uses, claims, strict=True):
                self._local[claim.key] = _Uses(use.window, use.current + claim.cost, use.previous)
                self._local.move_to_end(claim.key)
            while len(self._local) > REMEMBERED:
                self._local.popitem(last=False)
        return retry_at


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
