"""What an operator can do about dead tasks and signing keys, from the command line."""

import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from aperture.servers import Servers
from core.db import Database
from models.tasks import Task
from tests.servers import environment

FIRST = UUID("0198f000-0000-7000-8000-000000000001")
SECOND = UUID("0198f000-0000-7000-8000-000000000002")
BEFORE = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _two_dead(db: Database) -> None:
    async with db.transaction() as tx:
        for task_id in (FIRST, SECOND):
            tx.later(Task, _dead(task_id))


def test_dead_tasks_are_listed_with_their_last_error(servers: Servers, database_url: str) -> None:
    listed = _aperture(servers, database_url, "tasks", "list")

    assert listed.returncode == 0
    assert str(FIRST) in listed.stdout
    assert "feed.fan_out of PostPublished" in listed.stdout
    assert "after 12 tries: it [always] fails" in listed.stdout


async def test_one_dead_task_is_tried_again(servers: Servers, database_url: str, db: Database) -> None:
    retried = _aperture(servers, database_url, "tasks", "retry", str(FIRST))

    assert retried.returncode == 0
    assert await _dead_ids(db) == [SECOND]


async def test_all_dead_tasks_are_tried_again(servers: Servers, database_url: str, db: Database) -> None:
    retried = _aperture(servers, database_url, "tasks", "retry", "--dead")

    assert "2 of 2" in retried.stdout
    assert await _dead_ids(db) == []


def test_retrying_what_is_not_dead_fails_and_says_so(servers: Servers, database_url: str) -> None:
    retried = _aperture(servers, database_url, "tasks", "retry", "0198f000-0000-7000-8000-000000000009")

    assert retried.returncode == 1
    assert "0 of 1" in retried.stdout


def test_signing_keys_are_rotated_and_listed(servers: Servers, database_url: str) -> None:
    states = []
    for arguments in ((), (), ("--at-once",)):
        made = _aperture(servers, database_url, "keys", "rotate", *arguments)
        assert made.returncode == 0, made.stderr
        listed = _aperture(servers, database_url, "keys", "list").stdout.splitlines()
        assert made.stdout.split()[0] == listed[0].split()[0]
        states.append([line.split()[1] for line in listed])

    assert states == [["ACTIVE"], ["NEXT", "ACTIVE"], ["ACTIVE"]]


def _dead(task_id: UUID) -> dict[str, object]:
    return {
        "id": task_id,
        "outbox_id": task_id,
        "consequence": "feed.fan_out",
        "event": "PostPublished",
        "payload": {},
        "next_at": BEFORE,
        "tries": 12,
        "dead_at": BEFORE,
        "last_error": "it [always] fails",
    }


def _aperture(servers: Servers, database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aperture", *arguments]
    settings = environment(servers, database_url)
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


async def _dead_ids(db: Database) -> list[UUID]:
    async with db.reading(fresh=True) as read:
        return list(await read.scalars(select(Task.id).where(Task.dead_at.is_not(None))))
