"""What the installation's secret protects, and how one secret takes the place of another."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from core import paging, sealing
from core.errors import BadInput
from core.ids import SessionId
from core.paging import decode_cursor, encode_cursor
from core.sealing import BrokenSeal, is_mac, mac, seal, unseal
from core.settings import settings
from core.tokens import BadToken, RefreshToken

OLD, NEW = "the secret until now, long enough to be one", "the secret from now on, long enough to be one"
SESSION = SessionId(UUID(int=1), UUID(int=2))

Change = Callable[..., None]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """Makes this process one that was started with a secret and the ones before it."""

    def forget() -> None:
        for remembered in (settings, sealing.derived_keys, paging._ciphers):
            remembered.cache_clear()

    def change(secret: str, *previous: str) -> None:
        monkeypatch.setenv("APERTURE_SECRET_KEY", secret)
        monkeypatch.setenv("APERTURE_PREVIOUS_SECRET_KEYS", str(list(previous)).replace("'", '"'))
        forget()

    yield change
    monkeypatch.undo()
    forget()


def test_what_was_sealed_opens_while_its_secret_is_known(change: Change) -> None:
    change(OLD)
    sealed = seal("letters", b"box 7", b"dear Ana")

    change(NEW, OLD)
    assert unseal("letters", b"box 7", sealed) == b"dear Ana"
    with pytest.raises(BrokenSeal):
        unseal("letters", b"box 8", sealed)

    change(NEW)
    with pytest.raises(BrokenSeal):
        unseal("letters", b"box 7", sealed)


def test_what_is_sealed_now_needs_the_new_secret(change: Change) -> None:
    change(NEW, OLD)
    sealed = seal("letters", b"box 7", b"dear Ana")

    change(OLD)
    with pytest.raises(BrokenSeal):
        unseal("letters", b"box 7", sealed)


def test_devices_stay_logged_in_while_the_old_secret_is_known(change: Change) -> None:
    change(OLD)
    token = RefreshToken.new(SESSION)
    text = str(token)

    change(NEW, OLD)
    assert RefreshToken.parse(text) == token
    assert str(token) != text

    change(NEW)
    with pytest.raises(BadToken):
        RefreshToken.parse(text)


def test_cursors_lead_on_while_the_old_secret_is_known(change: Change) -> None:
    change(OLD)
    cursor = encode_cursor("posts", 3)

    change(NEW, OLD)
    assert decode_cursor("posts", cursor) == [3]

    change(NEW)
    with pytest.raises(BadInput):
        decode_cursor("posts", cursor)


@pytest.mark.parametrize("length", [16, 32])
def test_a_tag_is_recognised_whole_or_by_its_first_part(change: Change, length: int) -> None:
    change(OLD)
    tag = mac("repeats", b"what was asked")[:length]

    change(NEW, OLD)
    assert is_mac("repeats", b"what was asked", tag)
    assert not is_mac("repeats", b"what was not", tag)
    assert not is_mac("others", b"what was asked", tag)
    assert not is_mac("repeats", b"what was asked", tag[:15])
