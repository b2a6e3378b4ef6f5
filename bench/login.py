"""Log-ins per second, the lag of the event loop meanwhile, and how alike failures are: `python -m bench.login`."""

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Sequence
from typing import Final

from bench.stage import Stopwatch, stage
from core.backends import Backends
from core.db import Database
from core.errors import BadCredentials, Conflict, Refusals, Unavailable
from core.passwords import hash_password
from core.settings import settings
from services import accounts
from services.accounts import NewAccount
from services.auth import challenges, keys, log_in
from services.auth.challenges import Arrival
from services.auth.devices import Device

PASSWORD: Final = "violet harbour 41 lamps"  # noqa: S105 - of nobody
KNOWN, UNKNOWN = "bench.login", "bench.nobody"
ADDRESS: Final = "192.0.2.7"
TARGET_MS: Final = 50.0
TICK_SECONDS: Final = 0.005
FLOOD: Final = 200


def main() -> None:
    """Print the figures of each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=200)
    given = parser.parse_args()
    with stage("login"):
        asyncio.run(_measure(given.at_once, given.rounds, given.pairs))


async def _measure(at_once: int, rounds: int, pairs: int) -> None:
    backends = Backends.open(settings())
    try:
        await _prepare(backends.db)
        await _enter(backends)
        await _crowd(backends, at_once, rounds)
        await _flood(backends)
        await _compare(backends, pairs)
    finally:
        await backends.aclose()


async def _prepare(db: Database) -> None:
    """An account to log in to."""
    new = accounts.checked(NewAccount("bench@example.com", KNOWN), PASSWORD)
    password_hash = await hash_password(PASSWORD)
    try:
        await db.write(lambda tx: accounts.create_account(tx, new, password_hash))
    except (Conflict, Refusals):
        print("the account is there from the last run")


async def _enter(backends: Backends) -> None:
    """A whole log-in: recognised, session begun, tokens granted."""
    key = await keys.signing_key(backends)
    user_id = await log_in.recognise(backends, KNOWN, PASSWORD, ADDRESS)
    arrival = Arrival(user_id, Device("Bench", "OTHER"), ADDRESS, "PASSWORD")
    await backends.db.write(lambda tx: challenges.proceed(tx, key, arrival))


async def _crowd(backends: Backends, at_once: int, rounds: int) -> None:
    idle = await _lags(asyncio.sleep(1))
    watch = Stopwatch()
    lags = await _lags(_rounds(backends, at_once, rounds))
    watch.print(f"log-ins, {at_once} at once", at_once * rounds)
    for what, values in (("idle", idle), (f"while {at_once} log in", lags)):
        ms = [value * 1000 for value in sorted(values)]
        middle, late = ms[len(ms) // 2], ms[int(len(ms) * 0.99)]
        print(f"lag of the loop, {what:<20}{middle:>8.1f} ms at the median{late:>8.1f} at p99{ms[-1]:>8.1f} at most")
    print(f"the target is {TARGET_MS:g} ms")


async def _rounds(backends: Backends, at_once: int, rounds: int) -> None:
    for _ in range(rounds):
        await asyncio.gather(*(_enter(backends) for _ in range(at_once)))


async def _flood(backends: Backends) -> None:
    """Far more log-ins than the queue takes: those that are let wait, and how soon the others are told."""
    began, told = time.perf_counter(), list[tuple[bool, float]]()

    async def one() -> None:
        try:
            await log_in.recognise(backends, KNOWN, PASSWORD, ADDRESS)
        except Unavailable:
            told.append((False, time.perf_counter() - began))
        else:
            told.append((True, time.perf_counter() - began))

    await asyncio.gather(*(one() for _ in range(FLOOD)))
    for what, is_in in (("in", True), ("told to come back", False)):
        seconds = [took for was_in, took in told if was_in is is_in]
        print(f"of {FLOOD} at once, {what:<20}{len(seconds):>5}, the last after {max(seconds, default=0):.2f} s")


async def _compare(backends: Backends, pairs: int) -> None:
    """Wrong passwords for a name that exists and one that does not, in pairs of random order."""
    order = random.Random(41)
    times: dict[str, list[tuple[float, float]]] = {KNOWN: [], UNKNOWN: []}
    for _ in range(pairs):
        for name in order.sample(sorted(times), 2):
            times[name].append(await _failure(backends, name))
    print(f"wrong passwords, {pairs} pairs of a name that exists and one that does not; if they are alike, the first")
    print(f"takes longer in 0.5 +- {_deviation(pairs):.3f} of all comparisons, and D is below {_limit(pairs):.3f}")
    for place, clock in enumerate(("wall", "CPU")):
        known, unknown = ([each[place] for each in times[name]] for name in (KNOWN, UNKNOWN))
        medians = f"{_median(known):.2f} and {_median(unknown):.2f} ms"
        print(f"{clock:<6}{medians:<24}{_share(known, unknown):.3f} longer, D {_distance(known, unknown):.3f}")


async def _failure(backends: Backends, name: str) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        await log_in.recognise(backends, name, "not the password", ADDRESS)
    except BadCredentials:
        return time.perf_counter() - wall, time.process_time() - cpu
    raise AssertionError


async def _lags(work: Awaitable[object]) -> list[float]:
    """How late the loop came to what was due every 5 ms while the work went on, in seconds."""
    lags, loop = list[float](), asyncio.get_running_loop()

    def tick(due: float) -> None:
        lags.append(max(0.0, time.monotonic() - due))
        timers[:] = [loop.call_later(TICK_SECONDS, tick, time.monotonic() + TICK_SECONDS)]

    timers = [loop.call_later(TICK_SECONDS, tick, time.monotonic() + TICK_SECONDS)]
    await work
    timers[0].cancel()
    return lags


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2] * 1000


def _share(those: Sequence[float], others: Sequence[float]) -> float:
    """Mann and Whitney's U, as a share of all comparisons."""
    return sum((one > other) + (one == other) / 2 for one in those for other in others) / (len(those) * len(others))


def _deviation(pairs: int) -> float:
    return float(((2 * pairs + 1) / (12 * pairs * pairs)) ** 0.5)


def _limit(pairs: int) -> float:
    """What D passes in one of twenty comparisons of what is alike."""
    return float(1.36 * (2 / pairs) ** 0.5)


def _distance(those: Sequence[float], others: Sequence[float]) -> float:
    """Kolmogorov and Smirnov's D."""
    return max(
        abs(sum(value <= limit for value in those) / len(those) - sum(value <= limit for value in others) / len(others))
        for limit in (*those, *others)
    )


if __name__ == "__main__":
    main()
