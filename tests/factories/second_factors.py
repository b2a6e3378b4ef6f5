"""Authenticator apps, as people hold them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

from core import clock, totp
from core.db import Database
from core.errors import unless_refused
from core.viewer import Viewer
from services.auth import authenticator_apps
from services.auth.second_factors import Code
from tests.factories.sessions import HOME

STEP = timedelta(seconds=totp.STEP_SECONDS)


@dataclass(frozen=True, slots=True)
class App:
    """A phone with the secret of one account, and the recovery codes on a piece of paper."""

    secret: str
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, steps: int = 0) -> str:
        """What it shows, so many steps from now."""
        return totp.code_at(self.secret, int(clock.now().timestamp()) // totp.STEP_SECONDS + steps)

    def wrong(self) -> str:
        """Six digits it does not show around now."""
        shown = {self.code(steps) for steps in (-2, -1, 0, 1, 2)}
        return next(f"{number:06}" for number in range(10) if f"{number:06}" not in shown)


async def protect(db: Database, user_id: UUID) -> App:
    """Turn an account's two-factor log-in on, some minutes ago: the code that shows now is not used."""
    viewer = Viewer(id=user_id, address=HOME)
    with clock.frozen(clock.now() - 10 * STEP):
        setup = await db.write(partial(authenticator_apps.begin, viewer=viewer, label=None))
        code = App(setup.secret).code()
        confirm = partial(authenticator_apps.confirm, viewer=viewer, code=code, path=())
        return App(setup.secret, unless_refused(await db.write(confirm)))


def shown(app: App, steps: int = 0) -> Code:
    """The code the app shows, as a log-in gives it."""
    return Code("TOTP", app.code(steps), ("input", "code", "totp"))


@contextmanager
def steps_later(steps: int) -> Iterator[None]:
    """Run what is inside so many codes later, all at one moment."""
    with clock.frozen(clock.now() + steps * STEP):
        yield
