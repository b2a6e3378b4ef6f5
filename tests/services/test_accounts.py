"""Signing up: one person per handle and address, told everything that is wrong at once."""

import asyncio
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.db import Database
from core.errors import Conflict, Refusal, Refusals
from core.ids import SessionId
from core.viewer import Viewer
from models.accounts import Account, Email
from models.auth import Session
from models.outbox import OutboxEntry
from models.profiles import Handle, User
from services import accounts, handles
from services.accounts import NewAccount
from services.auth import waking
from services.auth.devices import Device
from tests.factories.people import person

PASSWORD = "violet harbour 41 lamps"
LAPTOP = Device("Firefox on Linux", "WEB")


def ana(handle: str = "ana.lima", email: str = "ana@example.com") -> NewAccount:
    return NewAccount(email, handle)


async def sign_up(db: Database, new: NewAccount, password: str = PASSWORD) -> SessionId:
    checked = accounts.checked(new, password)
    return await db.write(lambda tx: accounts.sign_up(tx, checked, "a hash", LAPTOP, "192.0.2.7"))


def refused(new: NewAccount, password: str = PASSWORD) -> list[tuple[str, tuple[str, ...]]]:
    with pytest.raises(Refusals) as caught:
        accounts.checked(new, password)
    return [(reason.code, reason.path) for reason in caught.value.reasons]


async def test_signing_up_makes_a_person_an_account_and_a_session(db: Database) -> None:
    session = await sign_up(db, ana("Ana.Lima", "Ana@EXAMPLE.com"))

    async with db.reading() as read:
        user = await read.first(select(User.handle, User.display_name, User.status, User.is_private))
        account = await read.first(select(Account.user_id, Account.email, Account.role))
        device = await read.first(select(Session.id, Session.device_name, Session.log_in_method, Session.address))
        facts = await read.all(select(OutboxEntry.event, OutboxEntry.payload))
    assert user == ("Ana.Lima", "Ana.Lima", "ACTIVE", False)
    assert account == (session.user_id, "Ana@example.com", "MEMBER")
    assert device == (session.id, "Firefox on Linux", "SIGN_UP", "192.0.2.7")
    started = {"user_id": str(session.user_id), "session_id": str(session.id)}
    assert [tuple(fact) for fact in facts] == [
        ("AccountCreated", {"user_id": str(session.user_id)}),
        ("SessionStarted", started),
    ]


@pytest.mark.parametrize("handle", ["ana.lima", "ANA.LIMA", "Ana.Lima"])
async def test_a_handle_is_taken_in_any_case(db: Database, handle: str) -> None:
    await sign_up(db, ana())

    with pytest.raises(Refusals) as caught:
        await sign_up(db, ana(handle, "other@example.com"))

    (conflict,) = caught.value.reasons
    assert isinstance(conflict, Conflict)
    assert (conflict.code, conflict.path) == ("TAKEN", ("input", "handle"))


async def test_suggestions_are_free_and_can_be_taken(db: Database) -> None:
    await sign_up(db, ana())
    async with db.reading() as read:
        (first, *_) = await handles.suggestions(read, "ana.lima")
    await sign_up(db, ana(first, "first@example.com"))

    async with db.reading() as read:
        offered = await handles.suggestions(read, "ana.lima")

    assert first not in offered
    assert len(offered) == 3
    for number, handle in enumerate(offered):
        await sign_up(db, ana(handle, f"{number}@example.com"))


async def test_suggestions_for_the_longest_handle_fit(db: Database) -> None:
    longest = "a." * 14 + "aa"
    async with db.reading() as read:
        offered = await handles.suggestions(read, longest)

    for handle in offered:
        handles.check(handle, ())
        assert handle != longest


@pytest.mark.parametrize("email", ["ana@example.com", "ANA@example.com", "ana@EXAMPLE.COM"])
async def test_an_address_is_taken_in_any_case(db: Database, email: str) -> None:
    await sign_up(db, ana())

    with pytest.raises(Refusals) as caught:
        await sign_up(db, ana("ben", email))

    (conflict,) = caught.value.reasons
    assert (conflict.code, conflict.path) == ("TAKEN", ("input", "email"))


async def test_what_is_taken_is_told_together_and_nothing_is_left_behind(db: Database) -> None:
    await sign_up(db, ana())
    await sign_up(db, ana("ben", "ben@example.com"))

    with pytest.raises(Refusals) as caught:
        await sign_up(db, ana("ana.lima", "ben@example.com"))
    with pytest.raises(Refusals):
        await sign_up(db, ana("cleo", "ben@example.com"))

    assert [reason.path[-1] for reason in caught.value.reasons] == ["handle", "email"]
    async with db.reading() as read:
        for table in (User, Account, Handle, Email, Session):
            assert await read.scalar(select(func.count()).select_from(table)) == 2


async def test_of_many_who_want_one_handle_at_once_one_gets_it(db: Database) -> None:
    async def attempt(number: int) -> SessionId | Refusal:
        try:
            return await sign_up(db, ana("ana", f"{number}@example.com"))
        except Refusal as refusal:
            return refusal

    answers = await asyncio.gather(*(attempt(number) for number in range(6)))

    assert sum(isinstance(answer, SessionId) for answer in answers) == 1


@pytest.mark.parametrize("handle", ["a", "a1", "a.b_c.d", "1234", "A" * 30])
def test_handles_that_are_fine(handle: str) -> None:
    assert accounts.checked(ana(handle), PASSWORD).handle == handle


@pytest.mark.parametrize(
    ("handle", "code"),
    [
        ("", "BAD_FORMAT"),
        (".ana", "BAD_FORMAT"),
        ("ana.", "BAD_FORMAT"),
        ("_ana", "BAD_FORMAT"),
        ("ana_", "BAD_FORMAT"),
        ("an..a", "BAD_FORMAT"),
        ("an__a", "BAD_FORMAT"),
        ("an._a", "BAD_FORMAT"),
        ("ana lima", "BAD_FORMAT"),
        ("ana\n", "BAD_FORMAT"),
        ("ana\x00", "BAD_FORMAT"),
        ("@ana", "BAD_FORMAT"),
        ("аna", "BAD_FORMAT"),
        ("\u212aana", "BAD_FORMAT"),
        ("a" * 31, "TOO_LONG"),
        ("admin", "INVALID"),
        ("GraphQL", "INVALID"),
    ],
)
def test_handles_that_are_not(handle: str, code: str) -> None:
    assert refused(ana(handle)) == [(code, ("input", "handle"))]


@pytest.mark.parametrize(
    "email", ["ana", "ana@", "@example.com", "ana@example", "a b@example.com", "ana\x00@example.com", "\ud800@x.com"]
)
def test_addresses_that_are_not(email: str) -> None:
    assert refused(ana(email=email)) == [("BAD_FORMAT", ("input", "email"))]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("x" * 9, "TOO_SHORT"),
        ("x7" * 129, "TOO_LONG"),
        ("x" * 10_000_000, "TOO_LONG"),
        ("password123", "INVALID"),
        ("ana.lima2026", "INVALID"),
        ("ana@example.com", "INVALID"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_passwords_that_are_not(password: str, code: str) -> None:
    assert refused(ana(), password) == [(code, ("input", "password"))]


def test_everything_wrong_is_told_together() -> None:
    assert [path[-1] for _, path in refused(ana("..", "ana"), "short")] == ["email", "handle", "password"]


def test_the_name_is_the_handle_unless_given() -> None:
    named = NewAccount("ana@example.com", "ana", display_name="  Ana Lima ")
    blank = NewAccount("ana@example.com", "ana", display_name="   ")

    assert accounts.checked(named, PASSWORD).display_name == "Ana Lima"
    assert accounts.checked(blank, PASSWORD).display_name == "ana"


async def test_nobody_reads_another_account(db: Database) -> None:
    ana_id = (await sign_up(db, ana())).user_id
    ben_id = (await sign_up(db, ana("ben", "ben@example.com"))).user_id

    async with db.reading() as read:
        seen = await accounts.own_accounts(read, Viewer(id=ana_id), [ana_id, ben_id])
        by_nobody = await accounts.own_accounts(read, Viewer(), [ana_id, UUID(int=0)])

    assert list(seen) == [ana_id]
    assert seen[ana_id].email == "ana@example.com"
    assert by_nobody == {}


async def test_a_log_in_wakes_who_sleeps_and_nobody_else(db: Database) -> None:
    asleep, awake, closed, leaving = [
        (await person(db, handle, status=status)).user_id
        for handle, status in (("ana", "DEACTIVATED"), ("bo", "ACTIVE"), ("cleo", "SUSPENDED"), ("dan", "DEACTIVATED"))
    ]
    due = update(Account).where(Account.user_id == leaving).values(deletion_scheduled_for=clock.now())
    await db.write(lambda tx: tx.execute(due))

    for user_id in (asleep, awake, closed, leaving, asleep):
        await db.write(partial(waking.wake, user_id=user_id))

    async with db.reading() as read:
        # unguarded: the test compares states
        stands = {row.id: row.status for row in await read.all(select(User.id, User.status))}
        told = await read.scalars(select(OutboxEntry.payload).where(OutboxEntry.event == "AccountReactivated"))
    assert stands == {asleep: "ACTIVE", awake: "ACTIVE", closed: "SUSPENDED", leaving: "DEACTIVATED"}
    assert told == [{"user_id": str(asleep)}]
