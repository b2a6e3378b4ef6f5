"""Bringing the tables of a database up to date."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

import models

_STEPS = Path(models.__file__).parent / "migrations"


def upgrade() -> None:
    """Run every open step in one transaction; with none open, change nothing. Two at once wait for each other."""
    command.upgrade(_config(), "head")


@cache
def newest() -> str | None:
    """The revision of a database that is up to date, for comparison with its table `alembic_version`."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    return config
