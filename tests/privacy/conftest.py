"""Clients as in `tests/api`, workers and a log as in `tests/jobs`."""

from tests.api.conftest import api, sign_in
from tests.jobs.conftest import _plain_log, ctx

__all__ = ["_plain_log", "api", "ctx", "sign_in"]
