"""What an operator asks of a running installation."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from core.backends import Backends
from core.db import Database
from core.settings import settings
from core.viewer import Viewer
from services import consistency, handles, staff, tasks
from services.auth import rotation
from services.auth.rotation import KeyRow
from services.tasks import DeadTask
from services.visibility import profiles

_ONE_LOOK = 1000


async def dead_tasks() -> Sequence[DeadTask]:
    """The latest thousand tasks that failed in every try."""
    async with _database() as database, database.reading(fresh=True) as db:
        return await tasks.dead(db, _ONE_LOOK)


async def retry_tasks(ids: Sequence[UUID]) -> list[UUID]:
    """Give dead tasks all their tries again and return the ids of those that were dead."""
    async with _database() as database, database.transaction() as tx:
        return [task_id for task_id in ids if await tasks.retry(tx, task_id)]


async def signing_keys() -> Sequence[KeyRow]:
    """The keys of access tokens, the newest first."""
    async with _database() as database, database.reading(fresh=True) as db:
        return await rotation.listed(db)


async def rotate_keys(*, at_once: bool) -> KeyRow:
    """Make the key that is to sign next; `at_once` distrusts every token there is."""
    async with _database() as database:
        return await database.write(rotation.replace_all if at_once else rotation.begin)


async def make_administrator(handle: str) -> bool | None:
    """Make the person with a handle administrator; False if they were, None if there is nobody."""
    async with _database() as database, database.transaction() as tx:
        user_id = await handles.find(tx, handle)
        person = (await profiles.users(tx, Viewer(), [user_id])).get(user_id) if user_id else None
        return await staff.appoint_by_operator(tx, person.id) if person else None


async def differences() -> list[str]:
    """What does not agree with the rows it comes from, one sentence each."""
    backends = Backends.open(settings())
    try:
        await backends.db.measure_clock()
        return [line async for line in consistency.differences(backends)]
    finally:
        await backends.aclose()


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    database = Database.connect(settings())
    try:
        await database.measure_clock()
        yield database
    finally:
        await database.aclose()
