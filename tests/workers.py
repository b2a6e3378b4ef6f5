"""How the tests share a machine: in processes side by side, each with servers and folders of its own."""

import os
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

MOST = 4
FILES_EACH = 5

_TOGETHER = ("tests/browser/", "tests/clients/", "tests/faults/")
"""Their tests share an installation of several processes, which starts in ten seconds, and the files that the clients
generate. As the largest piece they are handed out first."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For `-n auto`: one for each core and for five files, at most four; none for a few files and what `-k` picks."""
    if config.getoption("keyword") or config.getoption("lf", default=False):
        return 0
    files = sum(map(_files, config.args))
    workers = min(os.cpu_count() or 1, MOST, files // FILES_EACH)
    return workers if workers > 1 else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand out files whole, those with the most tests first."""
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """One process runs all tests of a file, and one all those of the folders that belong together."""

    def _split_scope(self, nodeid: str) -> str:
        return "" if nodeid.startswith(_TOGETHER) else nodeid.partition("::")[0]


def _files(argument: str) -> int:
    path = Path(argument.partition("::")[0])
    return len([*path.glob("test_*.py"), *path.glob("*/test_*.py")]) if path.is_dir() else 1
