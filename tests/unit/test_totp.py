"""One-time codes: those of the standard, each good for its step and the next, and never again."""

from datetime import UTC, datetime

import pytest

from core import clock, totp

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, seconds // 30) == code
    with clock.frozen(datetime.fromtimestamp(seconds, UTC)):
        assert totp.step_of(RFC_SECRET, code, None) == seconds // 30


def test_a_code_is_good_for_its_step_and_the_next() -> None:
    with clock.frozen(datetime.fromtimestamp(30 * 1000, UTC)):
        found = [totp.step_of(RFC_SECRET, totp.code_at(RFC_SECRET, 1000 + off), None) for off in (-2, -1, 0, 1)]

    assert found == [None, 999, 1000, None]


@pytest.mark.parametrize("after", [1000, 1001, 2**40])
def test_a_step_that_was_used_is_used_even_when_the_clock_goes_back(after: int) -> None:
    with clock.frozen(datetime.fromtimestamp(30 * 1000, UTC)):
        assert totp.step_of(RFC_SECRET, totp.code_at(RFC_SECRET, 1000), after) is None
        assert totp.step_of(RFC_SECRET, totp.code_at(RFC_SECRET, 999), after) is None


@pytest.mark.parametrize("text", ["", "28708", "2870820", " 287082", "２８７０８２", "\ud800", "287082\n"])
def test_other_texts_are_no_codes(text: str) -> None:
    with clock.frozen(datetime.fromtimestamp(59, UTC)):
        assert totp.step_of(RFC_SECRET, text, None) is None


def test_secrets_are_160_random_bits_and_fit_into_an_address() -> None:
    first, second = totp.new_secret(), totp.new_secret()

    address = totp.address_of(first, "ana & co:1", "Aperture")

    assert len(first) == 32
    assert first != second
    assert address == f"otpauth://totp/Aperture:ana%20%26%20co%3A1?secret={first}&issuer=Aperture"
