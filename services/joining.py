"""What a person must be, and agree to, before they get an account."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from core import clock
from core.errors import Invalid, Path, Refusal, Refusals
from core.settings import settings

OLDEST: Final = 130
BIRTH_DATE: Final = ("input", "birthDate")
TERMS: Final = ("input", "acceptedTerms")


@dataclass(frozen=True, slots=True)
class Joining:
    """What a person says on the way in, besides how they will be found."""

    birth_date: date | None = None
    accepted_terms: str | None = None


def check(who: Joining) -> None:
    """Refuse with all that `check_birth_date` and `check_terms` say."""
    reasons: list[Refusal] = []
    for judge in (
        partial(check_birth_date, who.birth_date, BIRTH_DATE),
        partial(check_terms, who.accepted_terms, TERMS),
    ):
        try:
            judge()
        except Invalid as refused:
            reasons.append(refused)
    if reasons:
        raise Refusals(reasons)


def check_birth_date(born: date | None, path: Path) -> None:
    """Refuse who is too young by `minimum_age`, and a day on which nobody alive was born; it may be missing without."""
    least = settings().minimum_age
    if born is None:
        if least is not None:
            raise Invalid("REQUIRED", "Say when you were born.", path)
        return
    years = age(born)
    if not 0 <= years <= OLDEST:
        raise Invalid("INVALID", "This is not a date of birth.", path)
    if least is not None and years < least:
        raise Invalid("OUT_OF_RANGE", f"You have to be {least} years old to have an account.", path)


def check_terms(accepted: str | None, path: Path) -> None:
    """Refuse whoever did not agree to the terms of today, if there are any."""
    terms = settings().terms_version
    if terms is not None and accepted is None:
        raise Invalid("REQUIRED", "Agree to the terms first.", path)
    if terms is not None and accepted != terms:
        raise Invalid("INVALID", "These are not the terms of today.", path)


def age(born: date) -> int:
    """Full years since a day; negative for days to come. In Greenwich a day begins for everybody."""
    today = clock.now().date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
