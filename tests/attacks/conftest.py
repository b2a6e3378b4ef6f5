"""Clients as in `tests/api`."""

from tests.api.conftest import api, sign_in

__all__ = ["api", "sign_in"]
