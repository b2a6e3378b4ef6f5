"""Keys derived from the installation's secret, and what is encrypted at rest with them."""

import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.settings import settings

_NONCE_BYTES = 12


class BrokenSeal(Exception):
    """The bytes were not sealed here for this purpose and place, or the secret has changed since."""


@lru_cache
def derived_key(purpose: str) -> bytes:
    """32 bytes that serve one purpose; nobody finds the secret or the key of another purpose from them."""
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.digest(secret, purpose.encode(), "sha256")


def mac(purpose: str, body: bytes) -> bytes:
    """32 bytes that only this installation can make for `body`."""
    return hmac.digest(derived_key(purpose), body, "sha256")


def seal(purpose: str, place: bytes, content: bytes) -> bytes:
    """Encrypt; `place` names the row it belongs to, so that it cannot be moved to another one."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(derived_key(purpose)).encrypt(nonce, content, place)


def unseal(purpose: str, place: bytes, sealed: bytes) -> bytes:
    """What `seal` was given for the same purpose and place; anything else raises `BrokenSeal`."""
    try:
        return AESGCM(derived_key(purpose)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise BrokenSeal from None
