"""The command that says what somebody sees, and why."""

import subprocess
import sys
from pathlib import Path

import pytest

from aperture.servers import Servers
from core.db import Database
from core.ids import PostId, UserId
from tests.factories.people import block, follow, person
from tests.factories.posts import comment, post
from tests.servers import environment

Answer = subprocess.CompletedProcess[str]


@pytest.fixture
async def picture(db: Database) -> PostId:
    """A post of Eva, whose account is private; Fay follows her, and Sam blocks her."""
    eva, fay, sam = await person(db, "eva", is_private=True), await person(db, "fay"), await person(db, "sam")
    await follow(db, fay, eva)
    await block(db, sam, eva)
    made = await post(db, eva)
    await comment(db, fay, made)
    return made


def probe(servers: Servers, database_url: str, folder: Path, *options: str) -> Answer:
    """The answer of the command."""
    command = [sys.executable, "-m", "aperture", "probe", *options]
    values = environment(servers, database_url) | {"APERTURE_STORAGE_PATH": str(folder)}
    return subprocess.run(command, env=values, capture_output=True, text=True, check=False)


def test_what_is_seen_is_said_with_the_facts_and_the_paths(
    servers: Servers, database_url: str, tmp_path: Path, picture: PostId
) -> None:
    answer = probe(servers, database_url, tmp_path, "--as", "fay", "--node", str(picture))

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("Visible.")
    assert "post: PUBLIC, PUBLISHED" in answer.stdout
    assert "account of the author: ACTIVE, private" in answer.stdout
    assert "viewer to the author: follows" in answer.stdout
    assert f"  node(id: {picture})" in answer.stdout


@pytest.mark.parametrize(
    ("options", "wall"), [((), "PRIVATE_ACCOUNT"), (("--as", "sam"), "BLOCKED_BY_VIEWER")], ids=["nobody", "blocker"]
)
def test_the_wall_before_what_is_not_seen_is_named(
    servers: Servers, database_url: str, tmp_path: Path, picture: PostId, options: tuple[str, ...], wall: str
) -> None:
    answer = probe(servers, database_url, tmp_path, *options, "--node", str(picture))

    assert answer.returncode == 1
    assert answer.stdout.startswith(f"Not visible: {wall}")
    assert answer.stdout.endswith("Reached by no path.\n")
    assert answer.stderr == ""


@pytest.mark.parametrize("options", [("--as", "zoe", "--node", "{eva}"), ("--node", "pst_none")], ids=["who", "what"])
def test_what_is_not_there_is_said(
    servers: Servers, database_url: str, tmp_path: Path, picture: PostId, options: tuple[str, ...]
) -> None:
    eva = str(UserId(picture.author_id))

    answer = probe(servers, database_url, tmp_path, *(each.format(eva=eva) for each in options))

    assert answer.returncode == 2, answer.stdout
    assert answer.stderr
