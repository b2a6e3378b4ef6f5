"""Which pages may call from a browser."""

import pytest

from aperture.origins import Origins
from tests.small_graph import settings


def origins(environment: str) -> Origins:
    config = settings(
        environment=environment, public_url="https://api.example/base", allowed_origins=["https://app.example"]
    )
    return Origins.of(config)


@pytest.mark.parametrize("origin", ["https://app.example", "https://api.example"])
def test_listed_pages_and_our_own_may_call(origin: str) -> None:
    assert origins("production").allow(origin)


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1", "https://[::1]:8443"])
def test_pages_of_this_machine_may_call_in_development_alone(origin: str) -> None:
    assert origins("development").allow(origin)
    assert not origins("production").allow(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://app.example",
        "https://app.example:444",
        "http://localhost.evil",
        "file://localhost",
        "http://[",
    ],
)
def test_others_may_not(origin: str) -> None:
    assert not origins("development").allow(origin)
