"""Which log-ins a person may not have done."""

import pytest

from services.auth.unusual import Trace, is_unusual

HOME, HOTEL = "192.0.2.7", "198.51.100.9"
PHONE, LAPTOP = b"a phone", b"a laptop"


def trace(
    fingerprint: bytes | None = PHONE, place: str | None = "Lisbon", address: str = HOME, device: str = "Safari"
) -> Trace:
    return Trace(device, address, place, fingerprint)


EARLIER = [trace()]


@pytest.mark.parametrize(
    ("session", "is_strange"),
    [
        (trace(), False),
        (trace(fingerprint=LAPTOP), False),
        (trace(address=HOTEL), False),
        (trace(fingerprint=LAPTOP, address=HOTEL), True),
        (trace(place="Oslo"), True),
        (trace(place="Oslo", fingerprint=LAPTOP, address=HOTEL), True),
        (trace(place=None), False),
        (trace(place=None, fingerprint=LAPTOP, address=HOTEL), True),
        (trace(fingerprint=None, address=HOTEL), False),
        (trace(fingerprint=None, address=HOTEL, device="curl"), True),
    ],
)
def test_a_new_place_is_strange_and_so_is_a_new_device_elsewhere(session: Trace, is_strange: bool) -> None:
    assert is_unusual(session, EARLIER) is is_strange


def test_the_first_log_in_is_like_any_other() -> None:
    assert not is_unusual(trace(), [])


def test_where_places_were_unknown_a_place_is_not_strange() -> None:
    assert not is_unusual(trace(place="Oslo"), [trace(place=None)])


def test_an_ipv6_subscriber_is_one_network() -> None:
    earlier = [trace(address="2001:db8:1:2::1")]

    assert not is_unusual(trace(fingerprint=LAPTOP, address="2001:db8:1:2::ffff"), earlier)
    assert is_unusual(trace(fingerprint=LAPTOP, address="2001:db8:1:3::1"), earlier)
