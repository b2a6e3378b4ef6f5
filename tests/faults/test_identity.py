"""Redis may die and be emptied while people log in and stay: nobody is logged out, nobody has to try twice for good."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Event

from tests.devices import ERRORS, Device
from tests.faults.conftest import SignUp
from tests.live import RECOVERY_SECONDS, Live, kill
from tests.waiting import eventually

LOG_IN = f"""mutation ($input: LogInInput!) {{ it: logIn(input: $input) {{
  session {{ id }} tokens {{ refreshToken }} {ERRORS} }} }}"""
REFRESH = f"""mutation ($input: RefreshSessionInput!) {{ it: refreshSession(input: $input) {{
  session {{ id }} tokens {{ accessToken refreshToken }} {ERRORS} }} }}"""
WHO = "{ viewer { user { id } session { id } } }"


@dataclass
class Traveller:
    """One person who logs in again and again, and keeps each session alive by one refresh."""

    device: Device
    sessions: dict[str, str] = field(default_factory=dict)
    """The last refresh token of each session that was confirmed."""

    def travel(self, over: Event) -> None:
        for number in count():
            if over.is_set():
                return
            key = f"{self.device.handle} {number}"
            begun = self.device.do(LOG_IN, identifier=self.device.handle, password=self.device.password)
            kept = self.device.do(REFRESH, refreshToken=begun["tokens"]["refreshToken"], idempotencyKey=key)
            assert kept["session"] == begun["session"]
            self.sessions[kept["session"]["id"]] = kept["tokens"]["refreshToken"]
            assert self.device.ask(WHO)["viewer"]["user"]["id"] == self.device.id


def test_redis_dies_and_comes_back_empty_and_every_session_lives(live: Live, sign_up: SignUp) -> None:
    travellers = [Traveller(sign_up(name)) for name in ("ana", "ben")]
    over = Event()

    with ThreadPoolExecutor(len(travellers)) as threads:
        running = [threads.submit(each.travel, over) for each in travellers]
        try:
            after_some_more(travellers, running)
            kill(live.valkey)
            live.valkey.forget()
            after_some_more(travellers, running)
            live.valkey.start()
            after_some_more(travellers, running)
        finally:
            over.set()
        for ended in running:
            ended.result()

    for each in travellers:
        for session, token in each.sessions.items():
            assert each.device.do(REFRESH, refreshToken=token)["session"]["id"] == session
        assert len(open_sessions(live, each)) == len(each.sessions) + 1


def after_some_more(travellers: list[Traveller], running: list[Future[None]]) -> None:
    """Wait until everybody has begun four more sessions."""
    goals = [(each, len(each.sessions) + 4) for each in travellers]
    eventually(
        lambda: any(each.done() for each in running) or all(len(each.sessions) >= goal for each, goal in goals),
        RECOVERY_SECONDS,
    )


def open_sessions(live: Live, who: Traveller) -> list[list[str]]:
    """The rows of a person's open sessions."""
    handle = who.device.handle
    return live.sql(
        f"select s.id from sessions s join users u on u.id = s.user_id"  # noqa: S608 - a handle of the test's own
        f" where u.handle = '{handle}' and s.ended_at is null"
    )
