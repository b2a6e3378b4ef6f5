"""What the installation's secret protects, and how one secret takes the place of another."""

from uuid import UUID

import pytest

from core.errors import BadInput
from core.ids import SessionId
from core.paging import decode_cursor, encode_cursor
from core.sealing import BrokenSeal, is_mac, mac, seal, unseal
from core.tokens import BadToken, RefreshToken
from tests.factories.secrets import NEW, OLD, Change, change_secret

__all__ = ["change_secret"]

SESSION = SessionId(UUID(int=1), UUID(int=2))


def test_what_was_sealed_opens_while_its_secret_is_known(change_secret: Change) -> None:
    change_secret(OLD)
    sealed = seal("letters", b"box 7", b"dear Ana")

    change_secret(NEW, OLD)
    assert unseal("letters", b"box 7", sealed) == b"dear Ana"
    with pytest.raises(BrokenSeal):
        unseal("letters", b"box 8", sealed)

    change_secret(NEW)
    with pytest.raises(BrokenSeal):
        unseal("letters", b"box 7", sealed)


def test_what_is_sealed_now_needs_the_new_secret(change_secret: Change) -> None:
    change_secret(NEW, OLD)
    sealed = seal("letters", b"box 7", b"dear Ana")

    change_secret(OLD)
    with pytest.raises(BrokenSeal):
        unseal("letters", b"box 7", sealed)


def test_devices_stay_logged_in_while_the_old_secret_is_known(change_secret: Change) -> None:
    change_secret(OLD)
    token = RefreshToken.new(SESSION)
    text = str(token)

    change_secret(NEW, OLD)
    assert RefreshToken.parse(text) == token
    assert str(token) != text

    change_secret(NEW)
    with pytest.raises(BadToken):
        RefreshToken.parse(text)


def test_cursors_lead_on_while_the_old_secret_is_known(change_secret: Change) -> None:
    change_secret(OLD)
    cursor = encode_cursor("posts", 3)

    change_secret(NEW, OLD)
    assert decode_cursor("posts", cursor) == [3]

    change_secret(NEW)
    with pytest.raises(BadInput):
        decode_cursor("posts", cursor)


@pytest.mark.parametrize("length", [16, 32])
def test_a_tag_is_recognised_whole_or_by_its_first_part(change_secret: Change, length: int) -> None:
    change_secret(OLD)
    tag = mac("repeats", b"what was asked")[:length]

    change_secret(NEW, OLD)
    assert is_mac("repeats", b"what was asked", tag)
    assert not is_mac("repeats", b"what was not", tag)
    assert not is_mac("others", b"what was asked", tag)
    assert not is_mac("repeats", b"what was asked", tag[:15])
