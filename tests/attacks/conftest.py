"""Clients as in `tests/api`."""

from tests.api.conftest import api, mails, sign_in

__all__ = ["api", "mails", "sign_in"]
