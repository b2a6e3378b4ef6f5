"""Places for operations: who waits, who goes first, who gives way, and what is refused when work waits for too long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from graphql import parse

from aperture.admission import SESSIONS, Admission, rank_of
from aperture.documents import Document
from core.overload import Overload, Overloaded, Rank
from schema.contract import contract


class Crowd:
    """Operations that run until they are told to end, in the order in which they got their places."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.ran: list[Rank] = []
        self.over = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def enter(self, rank: Rank) -> "asyncio.Task[None]":
        self.tasks.append(asyncio.create_task(self._run(rank)))
        await asyncio.sleep(0)
        return self.tasks[-1]

    async def _run(self, rank: Rank) -> None:
        await self.admission.enter(rank)
        try:
            self.ran.append(rank)
            await self.over.wait()
        finally:
            self.admission.leave()


@asynccontextmanager
async def crowd(running: int, waiting: int) -> AsyncIterator[Crowd]:
    made = Crowd(Admission(running, waiting))
    yield made
    made.over.set()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    assert (made.admission._free, made.admission._waiting) == (running, [])


async def test_who_matters_more_goes_first_and_equals_in_their_order() -> None:
    async with crowd(running=1, waiting=4) as operations:
        for rank in (Rank.READ, Rank.READ, Rank.WRITE, Rank.READ, Rank.SESSION):
            await operations.enter(rank)
        operations.over.set()
        await asyncio.gather(*operations.tasks)

        assert operations.ran == [Rank.READ, Rank.SESSION, Rank.WRITE, Rank.READ, Rank.READ]


async def test_a_full_queue_gives_the_place_of_the_last_to_who_matters_more() -> None:
    async with crowd(running=1, waiting=2) as operations:
        _, first, second, third = [await operations.enter(Rank.READ) for _ in range(4)]
        write = await operations.enter(Rank.WRITE)
        await asyncio.sleep(0)

        assert isinstance(third.exception(), Overloaded)
        assert isinstance(second.exception(), Overloaded)
        assert not first.done()
        assert not write.done()


@pytest.mark.parametrize("is_first", [True, False])
async def test_who_leaves_the_queue_takes_no_place_along(is_first: bool) -> None:
    async with crowd(running=1, waiting=2) as operations:
        running, leaving, staying = [await operations.enter(Rank.READ) for _ in range(3)]
        for task in (leaving, running) if is_first else (running, leaving):
            task.cancel()
        await asyncio.wait([leaving, running])
        await asyncio.sleep(0)

        assert operations.ran == [Rank.READ, Rank.READ]
        assert not staying.done()


async def test_who_leaves_with_a_place_just_given_passes_it_on() -> None:
    async with crowd(running=1, waiting=2) as operations:
        running, lucky, _ = [await operations.enter(Rank.READ) for _ in range(3)]
        running.cancel()
        await asyncio.sleep(0)
        lucky.cancel()
        await asyncio.wait([lucky])
        await asyncio.sleep(0)

        assert lucky.cancelled()
        assert len(operations.ran) == 2


@pytest.mark.parametrize(
    ("delay", "admitted"),
    [
        (0.0, {Rank.EXTRA, Rank.READ, Rank.WRITE, Rank.SESSION}),
        (0.3, {Rank.READ, Rank.WRITE, Rank.SESSION}),
        (0.6, {Rank.WRITE, Rank.SESSION}),
        (1.1, {Rank.SESSION}),
    ],
)
async def test_the_longer_work_waits_the_more_is_refused(delay: float, admitted: set[Rank]) -> None:
    admission = Admission(overload=Overload(lambda: 0.0, lambda: delay))

    taken = set()
    for rank in Rank:
        try:
            await admission.enter(rank)
        except Overloaded:
            continue
        taken.add(rank)

    assert taken == admitted


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("{ viewer { id } }", Rank.READ),
        ("subscription { homeFeedEvents { cursor } }", Rank.READ),
        ("mutation { likePost { errors } }", Rank.WRITE),
        ("mutation { logIn { errors } ...Out } fragment Out on Mutation { logOut { errors } }", Rank.SESSION),
        ("mutation { logIn { errors } likePost { errors } }", Rank.WRITE),
    ],
)
def test_an_operation_matters_as_much_as_the_least_of_its_fields(text: str, rank: Rank) -> None:
    assert rank_of(Document(text, parse(text)).operation(None)) is rank


def test_the_mutations_of_sessions_exist() -> None:
    mutation = contract().schema.mutation_type
    assert mutation is not None

    assert mutation.fields.keys() >= SESSIONS
