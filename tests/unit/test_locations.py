"""Places of network addresses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.locations import location_of
from core.settings import settings
from tests.factories.locations import LISBON, NORWAY, NOWHERE, location_database


@pytest.fixture
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("APERTURE_LOCATION_DATABASE", str(location_database(tmp_path)))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("_database")
@pytest.mark.parametrize(
    ("address", "place"),
    [
        (LISBON, "Lisbon, Portugal"),
        (f"::ffff:{LISBON}", "Lisbon, Portugal"),
        (NORWAY, "Norway"),
        (NOWHERE, None),
        ("", None),
        ("unix:", None),
        ("x" * 10_000, None),
    ],
)
def test_a_place_is_as_exact_as_the_database(address: str, place: str | None) -> None:
    assert location_of(address) == place


def test_without_a_database_nothing_is_known() -> None:
    assert location_of(LISBON) is None
