"""Which email addresses are one mailbox, as far as its provider says so itself."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Habit:
    """What a provider leaves out when it delivers, besides the part behind a plus, and the domain it delivers to."""

    domain: str
    ignored: str = ""


_GMAIL: Final = Habit("gmail.com", ignored=".")

# Each row has the page on which the provider documents it.
HABITS: Final[dict[str, Habit]] = {
    # https://support.google.com/mail/answer/7436150 and https://support.google.com/mail/answer/22370
    "gmail.com": _GMAIL,
    "googlemail.com": _GMAIL,
    # https://www.fastmail.help/hc/en-us/articles/360060591053
    "fastmail.com": Habit("fastmail.com"),
    # https://proton.me/support/addresses-and-aliases
    "proton.me": Habit("proton.me"),
    "protonmail.com": Habit("protonmail.com"),
    "pm.me": Habit("pm.me"),
}
"""Domains at which one mailbox has many addresses; at all others each address is a mailbox."""


def mailbox(address: str) -> str:
    """One form for all addresses of a mailbox, of an address in the form in which addresses are compared."""
    name, _, domain = address.rpartition("@")
    habit = HABITS.get(domain)
    if habit is None:
        return address
    bare = name.partition("+")[0].translate(dict.fromkeys(map(ord, habit.ignored)))
    return f"{bare}@{habit.domain}" if bare else address
