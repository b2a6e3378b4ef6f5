"""Whether an account exists is told neither by what a log-in answers, nor by what it does, nor by how long it takes."""

import random
import time
from typing import Any, Final

import pytest
from argon2 import PasswordHasher, extract_parameters

from core.backends import Backends
from core.db import Database
from core.errors import BadCredentials
from core.statements import counted
from services.auth import log_in
from tests.factories.sessions import HOME, account

PAIRS: Final = 100
FAR_FROM_EVEN: Final = 0.25
"""Six standard deviations of the statistic for a hundred pairs that do not differ."""

KNOWN, UNKNOWN = ("ana.lima", "ana@example.com"), ("bea.lima", "bea@example.com")


@pytest.fixture(autouse=True)
async def ana(db: Database) -> None:
    await account(db)


async def fail(backends: Backends, name: str) -> float:
    """The processor time of a log-in with a wrong password, in seconds."""
    began = time.process_time()
    with pytest.raises(BadCredentials):
        await log_in.recognise(backends, name, "not the password", HOME)
    return time.process_time() - began


def share_of_longer(those: list[float], others: list[float]) -> float:
    """How often one of those took longer than one of the others: Mann and Whitney's U, as a share of all pairs."""
    longer = sum((one > other) + (one == other) / 2 for one in those for other in others)
    return longer / (len(those) * len(others))


@pytest.mark.parametrize(("known", "unknown"), [*zip(KNOWN, UNKNOWN, strict=True)])
async def test_both_run_the_same_statements_and_the_same_hash(
    backends: Backends, monkeypatch: pytest.MonkeyPatch, known: str, unknown: str
) -> None:
    hashes: list[Any] = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, stored: str, password: str | bytes) -> Any:
        hashes.append(extract_parameters(stored))
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    ran = []
    for name in (known, unknown):
        with counted() as count:
            await fail(backends, name)
        ran.append(count.statements)

    assert ran[0] == ran[1]
    assert len(hashes) == 2
    assert hashes[0] == hashes[1]


async def test_their_times_are_of_one_kind(backends: Backends) -> None:
    """In pairs, each in a random order: neither of the two takes longer in more than three of four comparisons."""
    order = random.Random(41)
    times: dict[str, list[float]] = {KNOWN[0]: [], UNKNOWN[0]: []}
    for name in times:
        await fail(backends, name)

    for _ in range(PAIRS):
        for name in order.sample(sorted(times), 2):
            times[name].append(await fail(backends, name))

    assert abs(share_of_longer(*times.values()) - 0.5) < FAR_FROM_EVEN
