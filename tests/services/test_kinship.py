"""Accounts are known to be one person's by what the person proved, and nobody can read what that was."""

from functools import partial

import pytest
from sqlalchemy import select

from core.db import Database
from core.ids import new_uuid
from core.openid import Identity
from core.providers import Provider
from core.statements import counted
from core.viewer import Viewer
from models.kinship import IdentityMark
from services import emails, kinship
from services.kinship import Kind
from services.providers import identities
from tests.factories.people import person
from tests.factories.secrets import NEW, OLD, Change, change_secret
from tests.providers import description
from tests.tables import facts

__all__ = ["change_secret"]

NUMBER = "+4915123456789"


@pytest.fixture
async def people(db: Database) -> list[Viewer]:
    return [await person(db, handle) for handle in ("ana", "ben", "eva")]


async def mark(db: Database, who: Viewer, value: str = NUMBER, kind: Kind = "phone") -> None:
    await db.write(partial(kinship.mark, user_id=who.user_id, kind=kind, value=value))


async def kin(db: Database, who: Viewer) -> list[str]:
    async with db.reading(fresh=True) as read:
        return sorted(map(str, await kinship.kin(read, who.user_id)))


def ids(*people: Viewer) -> list[str]:
    return sorted(str(each.user_id) for each in people)


async def test_who_has_the_same_phone_is_kin_and_nobody_else(db: Database, people: list[Viewer]) -> None:
    ana, ben, eva = people
    await mark(db, ana)
    await mark(db, ben)
    await mark(db, eva, kind="mailbox")

    with counted() as ran:
        found = await kin(db, ana)

    assert found == ids(ben)
    assert await kin(db, ben) == ids(ana)
    assert await kin(db, eva) == []
    assert len([each for each in ran.statements if "identity_marks" in each]) == 2


async def test_a_mark_is_kept_and_told_once(db: Database, people: list[Viewer]) -> None:
    ana, ben, _ = people
    for _ in range(2):
        await mark(db, ana)
    await mark(db, ana, "+4915100000000")
    await mark(db, ben)

    assert await kin(db, ana) == ids(ben)
    assert await facts(db, "IdentityMarked") == 3


async def test_at_most_twenty_are_found_the_newest_first(db: Database, people: list[Viewer]) -> None:
    others = [Viewer(id=new_uuid()) for _ in range(22)]
    for each in [people[0], *others]:
        await mark(db, each)

    assert await kin(db, people[0]) == ids(*others[2:])


async def test_marks_cannot_be_read(db: Database, people: list[Viewer]) -> None:
    await mark(db, people[0])

    async with db.reading(fresh=True) as read:
        (stored,) = await read.scalars(select(IdentityMark.mark))
    assert len(stored) == 32
    assert NUMBER.encode() not in stored


async def test_kin_is_found_over_a_change_of_the_secret(
    db: Database, people: list[Viewer], change_secret: Change
) -> None:
    ana, ben, eva = people
    change_secret(OLD)
    await mark(db, ana)
    await mark(db, ben)

    change_secret(NEW, OLD)
    before = await facts(db, "IdentityMarked")
    await mark(db, ana)
    after = await facts(db, "IdentityMarked")
    await mark(db, eva)

    assert after == before
    assert await kin(db, eva) == ids(ana, ben)
    change_secret(NEW)
    assert await kin(db, ben) == ids(ana, eva)


async def test_a_linked_account_and_a_confirmed_address_are_marks(db: Database, people: list[Viewer]) -> None:
    ana, ben, eva = people
    provider = Provider.model_validate(description("https://login.example.org"))
    there = Identity(provider.issuer, "ana", None, "ana.there", None, None)
    linked = await db.write(lambda tx: identities.link(tx, ana.user_id, provider, there))
    await db.write(lambda tx: identities.erase(tx, linked.user_id))
    await db.write(lambda tx: identities.link(tx, ben.user_id, provider, there))
    for who, address in ((ben, "ben@example.org"), (eva, "eva@example.org")):
        assert await db.write(partial(emails.confirm, email=address, user_id=who.user_id))

    assert await kin(db, ana) == ids(ben)
    assert await kin(db, eva) == []


async def test_who_is_erased_leaves_no_mark(db: Database, people: list[Viewer]) -> None:
    ana, ben, _ = people
    await mark(db, ana)
    await mark(db, ben)

    await db.write(lambda tx: kinship.forget(tx, ben.user_id))

    assert await kin(db, ana) == []
