"""A person's whole life here, told from the outside: by operations, mails and an authenticator app."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core import clock
from jobs import accounts
from tests.client import Client, call, mutation
from tests.factories.mails import Mails
from tests.factories.second_factors import App

EMAIL, PASSWORD = "vera@example.org", "amber kettle 72 sparrows"
BEGINNING = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
TOKENS = "tokens { accessToken }"
STEP = f"{TOKENS} challenge {{ token methods }}"
PROFILE = "query ($handle: String!) { user(by: {handle: $handle}) { id handle status } }"
ACCOUNT = """{ viewer { user { handle } account {
    status isEmailVerified isTwoFactorEnabled remainingRecoveryCodes sessions { nodes { id } }
} } }"""


@dataclass(frozen=True, slots=True)
class Vera:
    """Somebody at a device; `client` is signed in as far as she is."""

    client: Client

    async def tries(self, name: str, answer: str, **input: Any) -> Any:
        """The payload of a mutation, whether it works or not."""
        return await call(self.client, mutation(name, f"{answer} errors {{ code }}"), **input)

    async def does(self, name: str, answer: str, **input: Any) -> Any:
        """The payload of a mutation that works."""
        done = await self.tries(name, answer, **input)
        assert done["errors"] == [], name
        return done

    async def signs_up(self, handle: str) -> "Vera":
        return self._with(await self.does("signUp", TOKENS, email=EMAIL, handle=handle, password=PASSWORD))

    async def logs_in(self, **code: str) -> "Vera":
        """With the password, and with the second factor that is asked for then."""
        begun = await self.does("logIn", STEP, identifier=EMAIL, password=PASSWORD)
        if not code:
            return self._with(begun)
        assert begun["tokens"] is None
        challenge = begun["challenge"]["token"]
        return self._with(await self.does("completeLogIn", TOKENS, challengeToken=challenge, code=code))

    async def sets_up(self) -> tuple[App, list[str]]:
        """An app on her phone, and a sheet of paper with recovery codes."""
        app = App((await self.does("beginTotpSetup", "secret"))["secret"])
        return app, (await self.does("confirmTotpSetup", "recoveryCodes", totp=app.code()))["recoveryCodes"]

    async def sees(self) -> Any:
        """Her own account."""
        viewer = (await self.client.ask(ACCOUNT))["viewer"]
        return {**viewer["account"], "handle": viewer["user"]["handle"]}

    def _with(self, entered: Any) -> "Vera":
        return replace(self, client=self.client.signed_in(entered["tokens"]["accessToken"]))


def day(number: int) -> AbstractContextManager[None]:
    """A day of the story, at nine in the morning."""
    return clock.frozen(BEGINNING + timedelta(days=number))


async def test_a_whole_life(api: Client, mails: Mails) -> None:  # noqa: PLR0915 - one life, told in one piece
    somebody = Vera(api)

    with day(0):  # she signs up, and confirms her address from another device
        vera = await somebody.signs_up("vera")
        assert not (await vera.sees())["isEmailVerified"]
        await somebody.does("verifyEmail", "verifiedEmail", code=await mails.code(EMAIL, "Confirm your address"))
        assert (await vera.sees())["isEmailVerified"]

    with day(1):  # she turns on two-factor log-in
        phone, paper = await (await somebody.logs_in()).sets_up()
        assert "Two-factor log-in is on" in await mails.subjects(EMAIL)

    with day(2):  # and uses it
        vera = await somebody.logs_in(totp=phone.code())
        assert (await vera.sees())["isTwoFactorEnabled"]

    with day(3):  # she loses the phone, gets in by the sheet of paper, and sets up another one
        vera = await somebody.logs_in(recoveryCode=paper[0])
        assert (await vera.sees())["remainingRecoveryCodes"] == 9
        assert "A recovery code was used" in await mails.subjects(EMAIL)
        await vera.does("disableTotp", "account { isTwoFactorEnabled }", code={"recoveryCode": paper[1]})
        new_phone, paper = await vera.sets_up()

    with day(4):  # whoever found the old one gets no further
        begun = await somebody.does("logIn", STEP, identifier="vera", password=PASSWORD)
        guess = {"challengeToken": begun["challenge"]["token"], "code": {"totp": phone.code()}}
        refused = await somebody.tries("completeLogIn", TOKENS, **guess)
        assert (refused["tokens"], refused["errors"]) == (None, [{"code": "INVALID_CREDENTIALS"}])

    with day(5):  # she takes another handle; the old one leads to her
        vera = await somebody.logs_in(totp=new_phone.code())
        await vera.does("changeHandle", "user { handle }", handle="vera.novak")
        old, now = [await api.ask(PROFILE, handle=handle) for handle in ("vera", "vera.novak")]
        assert old == now
        assert now["user"]["handle"] == "vera.novak"

    with day(6):  # she logs out everywhere
        vera = await somebody.logs_in(totp=new_phone.code())
        assert len((await vera.sees())["sessions"]["nodes"]) == 6
        await vera.does("logOut", "endedSessionIds", allDevices=True)
        assert await vera.client.refusal(ACCOUNT) == "UNAUTHENTICATED"

    with day(7):  # she needs a rest: nobody finds her
        vera = await somebody.logs_in(totp=new_phone.code())
        await vera.does("deactivateAccount", "account { status }", reason="a rest")
        assert (await api.ask(PROFILE, handle="vera.novak"))["user"]["status"] == "DEACTIVATED"
        assert await vera.client.refusal(ACCOUNT) == "UNAUTHENTICATED"

    with day(40):  # she comes back, and all is as it was
        vera = await somebody.logs_in(totp=new_phone.code())
        hers = await vera.sees()
        assert (hers["handle"], hers["status"]) == ("vera.novak", "ACTIVE")
        assert (hers["isEmailVerified"], hers["isTwoFactorEnabled"], hers["remainingRecoveryCodes"]) == (True, True, 10)
        assert (await api.ask(PROFILE, handle="vera.novak"))["user"]["status"] == "ACTIVE"

    with day(50):  # she wants to go
        vera = await somebody.logs_in(totp=new_phone.code())
        await vera.does("requestAccountDeletion", "account { deletionScheduledFor }")
        assert "Your account will be deleted" in await mails.subjects(EMAIL)

    with day(60):  # she thinks better of it, and goes after all
        vera = await somebody.logs_in(totp=new_phone.code())
        assert (await vera.sees())["status"] == "PENDING_DELETION"
        await vera.does("cancelAccountDeletion", "account { status }")
        assert (await vera.sees())["status"] == "ACTIVE"
        await vera.does("requestAccountDeletion", "account { deletionScheduledFor }")

    with day(91):  # thirty days later she is nowhere, and her address is free
        await accounts.erase_accounts.work(mails.ctx)
        assert (await api.ask(PROFILE, handle="vera.novak"))["user"] is None
        refused = await somebody.tries("logIn", STEP, identifier=EMAIL, password=PASSWORD)
        assert (refused["tokens"], refused["errors"]) == (None, [{"code": "INVALID_CREDENTIALS"}])
        assert (await (await somebody.signs_up("another.vera")).sees())["handle"] == "another.vera"
