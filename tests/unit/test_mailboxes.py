"""Addresses of one mailbox have one form, where the provider says that they are one."""

import pytest

from core.mailboxes import HABITS, mailbox


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("troll@gmail.com", "troll@gmail.com"),
        ("t.ro.ll+2@gmail.com", "troll@gmail.com"),
        ("troll@googlemail.com", "troll@gmail.com"),
        ("an.na+shop+2@fastmail.com", "an.na@fastmail.com"),
        ("an.na+shop@proton.me", "an.na@proton.me"),
        ("ana+sales@company.example", "ana+sales@company.example"),
        ("a.na@company.example", "a.na@company.example"),
        ("+only@gmail.com", "+only@gmail.com"),
    ],
)
def test_a_mailbox_has_one_form(address: str, form: str) -> None:
    assert mailbox(address) == form


def test_a_form_is_its_own_form() -> None:
    assert {habit.domain for habit in HABITS.values()} <= HABITS.keys()
