"""Keys derived from the installation's secret, and what is encrypted at rest with them.

A secret can be changed: what is made from then on is made with the new one, and what was made before is still opened
and recognised with the secrets before it, as long as the operator names them.
"""

import hmac
import os
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.settings import settings

_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16


class BrokenSeal(Exception):
    """The bytes were not sealed here for this purpose and place, or with a secret that is not known any more."""


@lru_cache
def derived_keys(purpose: str) -> tuple[bytes, ...]:
    """32 bytes per secret that serve one purpose, those of the present secret first.

    Nobody finds a secret or the key of another purpose from them.
    """
    return tuple(hmac.digest(secret, purpose.encode(), "sha256") for secret in _secrets())


def mac(purpose: str, body: bytes) -> bytes:
    """32 bytes that only this installation can make for `body`."""
    return macs(purpose, body)[0]


def macs(purpose: str, body: bytes) -> tuple[bytes, ...]:
    """What `mac` gives, and what it gave before the secret changed: for looking up what was stored then."""
    return tuple(hmac.digest(key, body, "sha256") for key in derived_keys(purpose))


def is_mac(purpose: str, body: bytes, tag: bytes) -> bool:
    """Whether `tag` is what `mac` gives for the same body, or gave before the secret changed.

    The first 16 bytes are enough; less proves nothing.
    """
    made = macs(purpose, body)
    return len(tag) >= _TAG_BYTES and any(hmac.compare_digest(each[: len(tag)], tag) for each in made)


def seal(purpose: str, place: bytes, content: bytes) -> bytes:
    """Encrypt (AES-256-GCM); `place` names the row it belongs to, so that it cannot be moved to another one.

    The bytes are the id of the key, a nonce, and the cipher text with its tag.
    """
    key, nonce = derived_keys(purpose)[0], os.urandom(_NONCE_BYTES)
    return _id(key) + nonce + AESGCM(key).encrypt(nonce, content, place)


def unseal(purpose: str, place: bytes, sealed: bytes) -> bytes:
    """What `seal` was given for the same purpose and place; anything else raises `BrokenSeal`."""
    nonce, body = sealed[_ID_BYTES : _ID_BYTES + _NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
    for key in derived_keys(purpose):
        if _id(key) == sealed[:_ID_BYTES]:
            try:
                return AESGCM(key).decrypt(nonce, body, place)
            except (InvalidTag, ValueError):
                break
    raise BrokenSeal


def _secrets() -> tuple[bytes, ...]:
    known = settings()
    return tuple(each.get_secret_value().encode() for each in (known.secret_key, *known.previous_secret_keys))


def _id(key: bytes) -> bytes:
    return sha256(key).digest()[:_ID_BYTES]
