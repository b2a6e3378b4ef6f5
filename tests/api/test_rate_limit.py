"""Cost before execution: what is too dear does not run, and a caller has so many points a minute."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.backends import Backends
from core.db import Database, Write
from core.settings import Settings
from core.statements import counted
from core.viewer import Viewer
from models.accounts import Account
from tests.client import Client, serving
from tests.factories.people import person
from tests.factories.posts import post
from tests.factories.sessions import enter

REFRESH = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
BUDGET = "{ rateLimit { limit used remaining resetAt cost fields { coordinate limit remaining resetAt } } }"
TOO_DEAR = (
    "{ viewer { homeFeed(first: 50) { nodes { ... on Post { author { posts(first: 50) { nodes { id } } } } } } } }"
)


@pytest.fixture
async def api(config: Settings) -> AsyncIterator[Client]:
    """A client of a process with a budget of 60 points a minute."""
    async with serving(config.model_copy(update={"rate_limit_factor": 0.001})) as client:
        yield client


@pytest.fixture
async def ana(api: Client, db: Database, backends: Backends) -> Client:
    return await entered(api, backends, await person(db))


async def entered(api: Client, backends: Backends, viewer: Viewer) -> Client:
    return api.signed_in((await enter(backends, viewer.user_id)).access_token)


def ids(count: int) -> list[str]:
    return [f"usr_{n}" for n in range(count)]


async def error(client: Client, document: str, **variables: Any) -> Any:
    answer = (await client.send(document, **variables)).json()
    assert "data" not in answer
    return answer["errors"][0]["extensions"]


async def test_what_is_too_dear_is_refused_before_anything_runs(ana: Client) -> None:
    with counted() as statements:
        told = await error(ana, TOO_DEAR)
    before = await ana.ask("{ viewer { id } }")

    assert (told["code"], told["maxCost"]) == ("COST_LIMIT_EXCEEDED", 2000)
    assert told["cost"] == 1 + 5 + 50 * (1 + 1 + 1 + 50)
    assert not any("posts" in statement for statement in statements.statements)
    assert before["viewer"]["id"]


async def test_a_spent_budget_says_when_to_come_back(ana: Client) -> None:
    for _ in range(3):
        await ana.ask(REFRESH, ids=ids(20))

    refused = await ana.send(REFRESH, ids=ids(1))

    told = refused.json()["errors"][0]["extensions"]
    assert told["code"] == "RATE_LIMITED"
    assert datetime.fromisoformat(told["retryAt"]) > clock.now()
    assert "data" not in refused.json()
    assert (refused.status_code == 200) is not ("retry-after" in refused.headers)


async def test_each_caller_has_a_budget_of_their_own(
    ana: Client, api: Client, db: Database, backends: Backends
) -> None:
    bo = await entered(api, backends, await person(db, "bo"))
    await ana.ask(REFRESH, ids=ids(60))

    assert await ana.refusal(REFRESH, ids=ids(1)) == "RATE_LIMITED"
    await bo.ask(REFRESH, ids=ids(60))


async def test_what_costs_nothing_is_free_when_nothing_is_left(ana: Client) -> None:
    await ana.ask(REFRESH, ids=ids(60))

    budget = (await ana.ask(BUDGET))["rateLimit"]

    assert (budget["limit"], budget["used"], budget["remaining"], budget["cost"]) == (60, 60, 0, 0)
    assert datetime.fromisoformat(budget["resetAt"]) > clock.now()


async def test_the_budget_counts_the_operation_that_asks(ana: Client) -> None:
    answer = await ana.ask("{ viewer { id } rateLimit { used remaining cost } }")

    assert answer["rateLimit"] == {"used": 1, "remaining": 59, "cost": 1}


async def test_a_dry_run_reports_and_runs_nothing_else(ana: Client) -> None:
    with counted() as idle:
        await ana.ask("{ __typename }")
    with counted() as statements:
        answer = await ana.ask(
            """query Dry($ids: [ID!]!, $is: Boolean = true) {
              nodes(ids: $ids) { id }
              kind: __typename
              dry: rateLimit(dryRun: $is) { cost used remaining }
              ...Rest
            }
            fragment Rest on Query { viewer { id } server @skip(if: $is) { name } }""",
            ids=ids(40),
        )

    assert answer == {
        "nodes": None,
        "kind": "Query",
        "dry": {"cost": 40 + 1 + 1, "used": 0, "remaining": 60},
        "viewer": None,
    }
    assert list(answer) == ["nodes", "kind", "dry", "viewer"]
    assert len(statements) <= len(idle)


async def test_a_dry_run_of_what_is_too_dear_tells_its_cost(ana: Client) -> None:
    answer = await ana.ask(TOO_DEAR.replace("{", "{ rateLimit(dryRun: true) { cost } ", 1))

    assert answer["viewer"] is None
    assert answer["rateLimit"]["cost"] > 2000


async def test_a_dry_run_that_is_not_wanted_runs(ana: Client) -> None:
    answer = await ana.ask("query ($is: Boolean) { rateLimit(dryRun: $is) { cost } viewer { id } }", **{"is": None})

    assert answer["viewer"] is not None


async def test_limits_of_single_fields_show_once_they_count(
    ana: Client, api: Client, db: Database, backends: Backends
) -> None:
    writer = await person(db, "writer")
    like = "mutation ($id: ID!) { likePost(input: {postId: $id}) { errors { code } query { rateLimit { cost } } } }"
    before = (await ana.ask(BUDGET))["rateLimit"]["fields"]

    liked = await ana.ask(like, id=str(await post(db, writer)))
    after = (await ana.ask(BUDGET))["rateLimit"]["fields"]

    assert before == []
    assert liked["likePost"]["errors"] == []
    assert [(each["coordinate"], each["limit"], each["remaining"]) for each in after] == [
        ("Mutation.likePost", 1, 0)
    ] * 2


async def test_an_account_that_is_trusted_little_has_half_of_each_limit_by_viewer(
    config: Settings, db: Database, backends: Backends
) -> None:
    new, known, old = await person(db, "new"), await person(db, "known"), await person(db, "old")
    verified = update(Account).where(Account.user_id == known.user_id).values(email_verified_at=clock.now())
    grown_up = update(Account).where(Account.user_id == old.user_id).values(created_at=clock.now() - timedelta(days=20))
    for change in (verified, grown_up):
        await db.write(partial(Write.execute, statement=change))
    made = str(await post(db, known))
    like = "mutation ($id: ID!) { likePost(input: {postId: $id}) { errors { code } } }"

    async with serving(config.model_copy(update={"rate_limit_factor": 0.05})) as api:
        shown, refused = [], []
        for who in (new, known, old):
            client = await entered(api, backends, who)
            answers = [(await client.ask(like, id=made))["likePost"]["errors"] for _ in range(3)]
            refused.append([each[0]["code"] if each else None for each in answers])
            limits = (await client.ask(BUDGET))["rateLimit"]
            shown.append((limits["limit"], sorted(each["limit"] for each in limits["fields"])))

    assert shown == [(3000, [2, 25]), (3000, [3, 50]), (3000, [3, 50])]
    assert refused == [[None, None, "RATE_LIMITED"], [None] * 3, [None] * 3]


async def test_of_two_windows_each_holds(config: Settings, db: Database, backends: Backends) -> None:
    ana = await person(db)
    await db.write(partial(Write.execute, statement=update(Account).values(email_verified_at=clock.now())))
    made = str(await post(db, ana))
    like = "mutation ($id: ID!) { likePost(input: {postId: $id}) { errors { code } } }"
    start = (clock.now() + timedelta(hours=1)).replace(minute=10, second=0)

    async with serving(config.model_copy(update={"rate_limit_factor": 0.1})) as api:
        liked = []
        for minute in range(0, 44, 2):
            with clock.frozen(start + timedelta(minutes=minute)):
                client = await entered(api, backends, ana)
                answers = [(await client.ask(like, id=made))["likePost"]["errors"] for _ in range(7)]
            liked.append(sum(not each for each in answers))

    assert liked[:16] == [6] * 16
    assert sum(liked) == 100


async def test_without_limits_the_budget_is_whole(config: Settings) -> None:
    async with serving(config) as client:
        await client.ask(REFRESH, ids=ids(80))
        budget = (await client.ask(BUDGET))["rateLimit"]

    assert (budget["limit"], budget["used"], budget["remaining"], budget["fields"]) == (60_000, 0, 60_000, [])


async def test_the_limit_of_one_operation_holds_without_budgets(config: Settings) -> None:
    async with serving(config) as client:
        assert await client.refusal(TOO_DEAR) == "COST_LIMIT_EXCEEDED"


async def test_a_caller_may_send_so_many_new_documents_a_minute(api: Client, ana: Client) -> None:
    known = await ana.ask(REFRESH, ids=ids(1))
    wrong = "{ nothing" + " " * 690 + "}"
    told = [await error(api, wrong + " " * n) for n in range(3)]

    assert [each["code"] for each in told] == ["VALIDATION_FAILED", "VALIDATION_FAILED", "RATE_LIMITED"]
    assert datetime.fromisoformat(told[2]["retryAt"]) > clock.now()
    assert (await error(ana, wrong))["code"] == "VALIDATION_FAILED"
    assert await api.ask(REFRESH, ids=ids(1)) == known
