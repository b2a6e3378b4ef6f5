"""Whatever people do: after it, everybody finds what the reference says, and nothing else."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from aperture.probe.crawl import Probe
from core import clock
from core.backends import Backends
from core.db import Database
from core.viewer import Viewer
from jobs.base import JobContext
from jobs.relay import Sweeper, by_name, relay
from jobs.routes import ROUTES
from services import consistency, tasks
from tests.jobs.parts import open_tasks
from tests.privacy.acts import Town
from tests.privacy.proof import Proof
from tests.privacy.reference import World

SEEDS = (1, 2, 3)
ACTS = 90


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_random_acts_everybody_finds_what_the_reference_says(
    backends: Backends, db: Database, ctx: JobContext, seed: int
) -> None:
    town = Town(backends, Random(seed))
    await town.settle()
    await town.publish()
    for _ in range(ACTS):
        await town.act()
    await consequences(ctx)

    world = await World.read(db)
    viewers = [Viewer(), *(town.people[name] for name in town.active)]
    found = [*world.contradictions(), *await Proof(Probe(backends, page=8), world).differences(viewers)]
    found += [line async for line in consistency.differences(backends)]

    assert not found, "\n".join([*town.story, "", *found])


async def consequences(ctx: JobContext) -> None:
    """All that follows from what was done."""
    sweeper = Sweeper(ctx, by_name(ROUTES))
    async with asyncio.timeout(120):
        while await relay(ctx, ROUTES) or await open_tasks(ctx.db):
            with clock.frozen(clock.now() + tasks.HINT_TIME + timedelta(seconds=1)):
                await sweeper.sweep()
                await sweeper.finish(60)
