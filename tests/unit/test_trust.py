"""How far an account is trusted before anybody has looked at it."""

from datetime import timedelta

import pytest

from core import clock
from services import trust


@pytest.mark.parametrize(
    ("days", "is_verified", "has_second_factor", "expected"),
    [
        (0, False, False, 0.0),
        (0, True, False, 0.3),
        (0, False, True, 0.2),
        (15, False, False, 0.25),
        (18, False, False, 0.3),
        (30, True, True, 1.0),
        (3000, False, False, 0.5),
        (-1, False, False, 0.0),
    ],
)
def test_trust_comes_with_age_a_confirmed_address_and_a_second_factor(
    days: int, *, is_verified: bool, has_second_factor: bool, expected: float
) -> None:
    with clock.frozen(clock.now()):
        since = clock.now() - timedelta(days=days)

        assert trust.score(since, is_verified=is_verified, has_second_factor=has_second_factor) == expected


def test_who_has_confirmed_an_address_is_trusted_enough_from_the_first_day() -> None:
    assert trust.score(clock.now(), is_verified=True, has_second_factor=False) >= trust.LOW
