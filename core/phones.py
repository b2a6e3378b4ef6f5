"""Phone numbers: read as people write them, and shown with most digits hidden."""

from typing import Final

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
    number_type,
    parse,
)

_SHOWN: Final = 2
# Other kinds are dear, shared, or no phones: whoever is paid for calls to them would have us send there.
_TAKEN: Final = frozenset([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE])


def read(text: str) -> str | None:
    """A mobile number with its country in the form +4915112345678 (E.164); None for anything else."""
    try:
        number = parse(text, None)
    except NumberParseException:
        return None
    if not is_valid_number(number) or number_type(number) not in _TAKEN:
        return None
    return format_number(number, PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """The country and the last two digits of a number that `read` gave."""
    country = f"+{parse(number, None).country_code}"
    hidden = "•" * (len(number) - len(country) - _SHOWN)
    return f"{country} {hidden}{number[-_SHOWN:]}"
