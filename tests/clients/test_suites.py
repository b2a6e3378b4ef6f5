"""Each check of each suite of clients holds."""

import re

import pytest

from tests.clients.conftest import Outcomes
from tests.clients.kit import FOLDER, SUITES

AUDITS = (FOLDER / "audits.txt").read_text().splitlines()
CHECKS = [
    (path.stem, name)
    for path in sorted(SUITES.glob("*.ts"))
    for name in re.findall(r'^check\("(.+?)"', path.read_text(), re.MULTILINE)
]


@pytest.mark.parametrize("audit", AUDITS)
def test_audit(outcomes: Outcomes, audit: str) -> None:
    _require(outcomes("audits")[audit])


def test_no_audit_is_left_out(outcomes: Outcomes) -> None:
    assert list(outcomes("audits")) == AUDITS


@pytest.mark.parametrize("suite", sorted({suite for suite, _ in CHECKS}))
def test_no_check_goes_unread(outcomes: Outcomes, suite: str) -> None:
    assert list(outcomes(suite)) == [name for of, name in CHECKS if of == suite]


@pytest.mark.parametrize(("suite", "name"), CHECKS)
def test_check(outcomes: Outcomes, suite: str, name: str) -> None:
    _require(outcomes(suite)[name])


def _require(failure: str) -> None:
    if failure:
        pytest.fail(failure, pytrace=False)
