"""Phone numbers: mobile ones with their country, however they are written, and no others."""

import pytest

from core import phones


@pytest.mark.parametrize("text", ["+49 1512 3456789", "+4915123456789", " +49 (1512) 345-67-89", "＋49 1512 3456789"])
def test_a_number_has_one_form(text: str) -> None:
    assert phones.read(text) == "+4915123456789"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "0151 23456789",
        "+49",
        "+49 30 901820",
        "+44 909 8790879",
        "+1 900 555 0123",
        "+800 1234 5678",
        "9" * 32,
    ],
)
def test_others_are_not_taken(text: str) -> None:
    assert phones.read(text) is None


def test_most_digits_are_hidden() -> None:
    assert phones.masked("+4915123456789") == "+49 •••••••••89"
