"""A person's second factor outlives the installation's secret."""

from functools import partial

from core.db import Database
from core.errors import BadCredentials
from services.auth import second_factors
from services.auth.second_factors import Code
from tests.factories.second_factors import protect, shown
from tests.factories.secrets import NEW, OLD, Change, change_secret
from tests.factories.sessions import HOME, account

__all__ = ["change_secret"]


async def test_a_second_factor_goes_on_while_the_old_secret_is_known(db: Database, change_secret: Change) -> None:
    ana = await account(db)
    change_secret(OLD)
    app = await protect(db, ana)
    written = Code("RECOVERY_CODE", app.recovery_codes[0], ("input", "code", "recoveryCode"))

    change_secret(NEW)
    for code in (shown(app), written):
        refused = await db.write(partial(second_factors.judge, user_id=ana, code=code, address=HOME))
        assert isinstance(refused, BadCredentials)

    change_secret(NEW, OLD)
    for code in (shown(app), written):
        assert await db.write(partial(second_factors.judge, user_id=ana, code=code, address=HOME)) is None
