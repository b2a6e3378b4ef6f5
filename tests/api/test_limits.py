"""The bounds an operator has set, in the whole API process."""

from typing import Any

import pytest
from pydantic import ValidationError

from core.limits import DEFAULTS, Limits
from core.settings import Settings
from tests.client import serving


@pytest.mark.parametrize(
    ("limits", "document", "code"),
    [
        ({"depth": 2}, "{ server { name } viewer { user { id } } }", "DEPTH_LIMIT_EXCEEDED"),
        ({"root_fields": 1}, "{ a: server { name } b: server { name } }", "COST_LIMIT_EXCEEDED"),
        ({"tokens": 5}, "{ server { name version } }", "PARSE_FAILED"),
        ({"message_bytes": 60}, "{ server { name } }" + " " * 60, "BAD_USER_INPUT"),
    ],
)
async def test_what_an_operator_bounds_is_refused_above_it(
    config: Settings, limits: dict[str, Any], document: str, code: str
) -> None:
    bounded = config.model_copy(update={"limits": Limits(**limits)})

    async with serving(bounded) as api:
        assert await api.refusal(document) == code
    async with serving(config) as api:
        assert "server" in (await api.send("{ server { name } }")).json()["data"]


def test_bounds_are_read_from_one_variable(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APERTURE_LIMITS", '{"depth": 20, "header_seconds": 2.5}')

    limits = Settings().limits  # type: ignore[call-arg]  # every value comes from the environment

    assert (limits.depth, limits.header_seconds, limits.tokens) == (20, 2.5, DEFAULTS.tokens)


@pytest.mark.parametrize("written", ['{"dept": 20}', '{"depth": 0}', '{"tokens": "many"}'])
def test_a_bound_that_makes_no_sense_ends_the_start(
    config: Settings, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("APERTURE_LIMITS", written)

    with pytest.raises(ValidationError):
        Settings()  # type: ignore[call-arg]  # every value comes from the environment
