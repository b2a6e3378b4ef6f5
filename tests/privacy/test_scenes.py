"""Every relation, audience and state: along all paths, everybody finds what the reference says, and nothing else."""

import pytest

from aperture.probe.crawl import Probe
from core.backends import Backends
from core.db import Database
from tests.privacy.proof import Proof
from tests.privacy.reference import World
from tests.privacy.scenes import RELATIONS, STATES, State, scene


@pytest.mark.parametrize("state", STATES)
async def test_everybody_finds_what_the_reference_says(backends: Backends, db: Database, state: State) -> None:
    there = await scene(db, state)
    assert set(there.viewers) == set(RELATIONS)

    proof = Proof(Probe(backends, page=8), await World.read(db))
    found = await proof.differences(there.viewers.values())

    assert not found, "\n".join(found)
