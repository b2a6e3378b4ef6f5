"""Three deliberate violations are caught in a copy of the tree that is clean without them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.scan import unguarded_reads
from tests.architecture.tree import ROOMS, ROOT

BORDERS = (str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo")
CONTRACT = (sys.executable, "-m", "aperture", "schema", "check")
FILES = ("pyproject.toml", "schema.graphql")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's sources, as they are, with what Python has compiled of them: it keeps the time of a file."""
    folder = tmp_path_factory.mktemp("tree")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("graphiql_static"))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """Sources to be changed."""
    return Path(shutil.copytree(original, tmp_path / "tree"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def run(folder: Path, command: tuple[str, ...]) -> tuple[int, str]:
    """The exit code of a check that sees this tree alone, and what it says."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_copy_is_clean(original: Path) -> None:
    assert unguarded_reads(original) == []
    assert run(original, CONTRACT) == (0, "")
    assert run(original, BORDERS)[0] == 0


def test_a_resolver_that_queries_is_caught(copy: Path) -> None:
    change(copy / "resolvers/likes.py", "\nimport strawberry\n", "\nimport sqlalchemy\nimport strawberry\n")

    code, told = run(copy, BORDERS)

    assert code == 1
    assert "GraphQL does not query BROKEN" in told
    assert "resolvers.likes -> sqlalchemy" in told


def test_a_read_around_the_door_is_caught(copy: Path) -> None:
    file = copy / "services/likes.py"
    change(
        file,
        "from models.likes import PostLike\n",
        "from models.likes import PostLike\nfrom models.posts import Post\n",
    )
    change(file, "from sqlalchemy import delete\n", "from sqlalchemy import delete, select\n")
    lines = file.read_text(encoding="utf-8").count("\n")
    with file.open("a", encoding="utf-8") as end:
        end.write("\n\nasync def all_posts(db: Read) -> Any:\n    return await db.all(select(Post))\n")

    assert unguarded_reads(copy) == [f"services/likes.py:{lines + 4}: reads whole rows of posts"]


def test_code_and_contract_that_differ_are_caught(copy: Path) -> None:
    undeclared = (
        "class ServerQueries:\n    @root\n    async def motto(ctx: Context) -> str | None:\n        return None\n\n"
    )
    change(copy / "resolvers/server.py", "class ServerQueries:\n", undeclared)
    change(copy / "schema.graphql", "\ntype Query {\n", '\ntype Query {\n  "Null at night."\n  weather: String\n\n')

    code, told = run(copy, CONTRACT)

    assert code == 1
    assert told.splitlines() == ["+ Query.motto: String", "- Query.weather: String"]
