"""Nobody uses the powers of staff who does not have them now, and nobody uses them unseen."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from core.db import Database
from core.errors import ApiError, Invalid
from core.ids import UserId
from core.viewer import AccountRole, Viewer
from models.accounts import Account
from models.audit import AuditEntry
from models.profiles import User
from services import staff
from tests.api.conftest import SignIn
from tests.architecture.tree import modules
from tests.client import Client
from tests.factories.people import person

LOG = """{ moderation { auditLog(first: 10) { nodes {
  action actor { handle } subject { ... on User { handle } } reason changes { field before after } ipAddress
} } } }"""
VERIFY = """mutation ($id: ID!) { it: setVerified(input: {userId: $id, isVerified: true, reason: "Known"}) {
  user { isVerified } errors { code }
} }"""
APPOINT = """mutation ($id: ID!, $role: AccountRole!) {
  it: setAccountRole(input: {userId: $id, role: $role, reason: "Needed"}) {
    record { user { handle } trustScore accountAgeDays } errors { code path }
  }
}"""
RECORD = "query ($id: ID!) { moderation { record(userId: $id) { id user { handle } trustScore accountAgeDays } } }"
OTHERS: tuple[AccountRole | None, ...] = (None, "MEMBER", "MODERATOR")


async def member(db: Database, handle: str, role: AccountRole = "MEMBER", **facts: Any) -> Viewer:
    who = await person(db, handle, **facts)
    await db.write(lambda tx: tx.execute(update(Account).where(Account.user_id == who.user_id).values(role=role)))
    return who


async def acts(db: Database) -> list[Any]:
    async with db.reading(fresh=True) as read:
        return list(await read.all(select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)))


@pytest.mark.parametrize("role", OTHERS)
async def test_nobody_but_administrators_changes_marks_and_roles(
    api: Client, db: Database, sign_in: SignIn, role: AccountRole | None
) -> None:
    eva = str(UserId((await person(db, "eva")).user_id))
    client = await sign_in(await member(db, "mo", role)) if role else api

    expected = "FORBIDDEN" if role else "UNAUTHENTICATED"
    assert await client.refusal(VERIFY, id=eva) == expected
    assert await client.refusal(APPOINT, id=eva, role="ADMIN") == expected
    assert await acts(db) == []


@pytest.mark.parametrize("role", [None, "MEMBER"])
async def test_nobody_but_staff_sees_the_desk(
    api: Client, db: Database, sign_in: SignIn, role: AccountRole | None
) -> None:
    admin, eva = await member(db, "root2", "ADMIN"), await person(db, "eva")
    theirs = await (await sign_in(admin)).ask(
        "query ($id: ID!) { moderation { id record(userId: $id) { id } auditLog { nodes { id } } } }",
        id=str(UserId(eva.user_id)),
    )
    client = await sign_in(await member(db, "mo")) if role else api
    desk = theirs["moderation"]
    log = (await (await sign_in(admin)).ask("{ moderation { auditLog { nodes { id } } } }"))["moderation"]["auditLog"]
    ids = [desk["id"], desk["record"]["id"], *(each["id"] for each in log["nodes"])]

    nodes = (await client.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids))["nodes"]

    assert len(ids) == 3
    assert nodes == [None] * 3
    assert await client.refusal(LOG) == ("FORBIDDEN" if role else "UNAUTHENTICATED")
    assert await client.refusal(RECORD, id=str(UserId(eva.user_id))) == ("FORBIDDEN" if role else "UNAUTHENTICATED")


async def test_a_dismissed_administrator_loses_every_power_with_the_session_open(db: Database, sign_in: SignIn) -> None:
    ada, bob = await member(db, "ada", "ADMIN"), await member(db, "bob", "ADMIN")
    eva = str(UserId((await person(db, "eva")).user_id))
    of_ada, of_bob = await sign_in(ada), await sign_in(bob)
    await of_bob.ask(LOG)

    dismissed = (await of_ada.ask(APPOINT, id=str(UserId(bob.user_id)), role="MEMBER"))["it"]
    before = await acts(db)

    assert dismissed["errors"] == []
    assert await of_bob.refusal(VERIFY, id=eva) == "FORBIDDEN"
    assert await of_bob.refusal(APPOINT, id=str(UserId(bob.user_id)), role="ADMIN") == "FORBIDDEN"
    assert await of_bob.refusal(LOG) == "FORBIDDEN"
    assert await of_bob.refusal(RECORD, id=eva) == "FORBIDDEN"
    assert await acts(db) == before


@pytest.mark.parametrize("status", ["SUSPENDED", "DEACTIVATED"])
async def test_an_administrator_whose_account_is_not_in_use_has_no_power(
    db: Database, sign_in: SignIn, status: str
) -> None:
    ada, eva = await member(db, "ada", "ADMIN"), await person(db, "eva")
    client = await sign_in(ada)
    await client.ask(LOG)
    await db.write(lambda tx: tx.execute(update(User).where(User.id == ada.user_id).values(status=status)))

    with pytest.raises(ApiError):
        await db.write(lambda tx: staff.set_verified(tx, ada, eva.user_id, "x", is_verified=True))
    assert await client.refusal(LOG) in {"FORBIDDEN", "ACCOUNT_RESTRICTED"}
    assert await acts(db) == []


async def test_what_staff_does_is_written_down(db: Database, sign_in: SignIn) -> None:
    ada, eva = await member(db, "ada", "ADMIN"), await person(db, "eva")
    client, her = await sign_in(ada), str(UserId(eva.user_id))

    verified = (await client.ask(VERIFY, id=her))["it"]
    again = (await client.ask(VERIFY, id=her))["it"]
    appointed = (await client.ask(APPOINT, id=her, role="MODERATOR"))["it"]
    record = (await client.ask(RECORD, id=her))["moderation"]["record"]
    log = (await client.ask(LOG))["moderation"]["auditLog"]["nodes"]
    of_eva = (await (await sign_in(eva)).ask(LOG))["moderation"]["auditLog"]["nodes"]

    assert verified == again == {"user": {"isVerified": True}, "errors": []}
    assert appointed == {"record": {"user": {"handle": "eva"}, "trustScore": 0.0, "accountAgeDays": 0}, "errors": []}
    assert record == appointed["record"] | {"id": record["id"]}
    assert [each["action"] for each in log] == ["moderation.record", "setAccountRole", "setVerified", "setVerified"]
    assert [each["changes"] for each in log] == [
        [],
        [{"field": "role", "before": "MEMBER", "after": "MODERATOR"}],
        [],
        [{"field": "isVerified", "before": "false", "after": "true"}],
    ]
    assert {(each["actor"]["handle"], each["subject"]["handle"]) for each in log} == {("ada", "eva")}
    assert [each["reason"] for each in log] == [None, "Needed", "Known", "Known"]
    assert {each["ipAddress"] for each in log} == {"192.0.2.7"}
    assert {each["ipAddress"] for each in of_eva} == {None}


async def test_the_log_is_read_by_page_and_by_filter(db: Database, sign_in: SignIn) -> None:
    ada, bob = await member(db, "ada", "ADMIN"), await member(db, "bob", "ADMIN")
    people = [await person(db, f"p{number}") for number in range(3)]
    for who, whom in ((ada, people[0]), (bob, people[1]), (ada, people[2])):
        await db.write(partial(staff.set_verified, viewer=who, user_id=whom.user_id, reason="x", is_verified=True))
    await db.write(lambda tx: staff.set_role(tx, bob, people[1].user_id, "MODERATOR", "x"))
    client = await sign_in(ada)
    ask = """query ($first: Int, $after: String, $filter: AuditLogFilter) {
      moderation { auditLog(first: $first, after: $after, filter: $filter) {
        nodes { action subject { ... on User { handle } } } pageInfo { hasNextPage endCursor }
      } }
    }"""

    async def read(**variables: Any) -> Any:
        return (await client.ask(ask, **variables))["moderation"]["auditLog"]

    def handles(page: Any) -> list[str]:
        return [each["subject"]["handle"] for each in page["nodes"]]

    first = await read(first=3)
    second = await read(first=3, after=first["pageInfo"]["endCursor"])

    assert (handles(first), handles(second)) == (["p1", "p2", "p1"], ["p0"])
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert handles(await read(filter={"actorId": str(UserId(ada.user_id))})) == ["p2", "p0"]
    assert handles(await read(filter={"subjectId": str(UserId(people[1].user_id))})) == ["p1", "p1"]
    assert handles(await read(filter={"actions": ["setAccountRole"]})) == ["p1"]
    assert handles(await read(filter={"actorId": "nobody"})) == []
    assert (await client.ask(RECORD, id="nobody"))["moderation"] == {"record": None}
    assert handles(await read(filter={"before": "2000-01-01T00:00:00Z"})) == []


async def test_the_last_administrator_stays(db: Database, sign_in: SignIn) -> None:
    ada = await member(db, "ada", "ADMIN")
    await member(db, "gone", "ADMIN", status="DEACTIVATED")
    client = await sign_in(ada)

    refused = (await client.ask(APPOINT, id=str(UserId(ada.user_id)), role="MEMBER"))["it"]

    assert refused == {"record": None, "errors": [{"code": "INVALID", "path": ["input", "role"]}]}
    assert await acts(db) == []


async def test_two_administrators_cannot_dismiss_each_other_at_once(db: Database) -> None:
    ada, bob = await member(db, "ada", "ADMIN"), await member(db, "bob", "ADMIN")

    found = await asyncio.gather(
        *(
            db.write(partial(staff.set_role, viewer=who, user_id=whom.user_id, role="MEMBER", reason="x"))
            for who, whom in ((ada, bob), (bob, ada))
        ),
        return_exceptions=True,
    )

    assert sum(each is None for each in found) == 1
    assert next(type(each) for each in found if each is not None) in {ApiError, Invalid}
    async with db.reading(fresh=True) as read:
        # unguarded: the test counts
        assert len(await read.scalars(select(Account.user_id).where(Account.role == "ADMIN"))) == 1


async def test_nobody_is_appointed_who_is_not_there(db: Database, sign_in: SignIn) -> None:
    client, gone = await sign_in(await member(db, "ada", "ADMIN")), await person(db, "gone", status="DELETED")

    for document, more in ((VERIFY, {}), (APPOINT, {"role": "ADMIN"})):
        assert (await client.ask(document, id=str(UserId(gone.user_id)), **more))["it"]["errors"][0][
            "code"
        ] == "NOT_FOUND"


async def test_the_operator_appoints_the_first_administrator(db: Database, sign_in: SignIn) -> None:
    eva = await person(db, "eva")

    first = await db.write(lambda tx: staff.appoint_by_operator(tx, eva.user_id))
    again = await db.write(lambda tx: staff.appoint_by_operator(tx, eva.user_id))
    log = (await (await sign_in(eva)).ask(LOG))["moderation"]["auditLog"]["nodes"]

    assert (first, again) == (True, False)
    assert [(each["action"], each["actor"]["handle"]) for each in log] == [("aperture admin grant", "eva")]


def test_nothing_in_the_product_changes_or_deletes_what_was_written_down() -> None:
    using = [module for module in modules() if "AuditEntry" in module.text or "audit_log" in module.text]
    named = {str(module.path) for module in using if "migrations" not in str(module.path)}

    assert not any(f"{verb}(AuditEntry" in module.text for module in using for verb in ("update", "delete"))
    assert all("delete from audit_log" not in module.text and "update audit_log" not in module.text for module in using)
    assert named
