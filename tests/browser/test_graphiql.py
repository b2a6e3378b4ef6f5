"""GraphiQL in Chromium: no other host, examples by a click, events as they happen."""

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.browser.chromium import Page
from tests.browser.conftest import LiveApp

LIKE = "mutation ($id: ID!) { likePost(input: { postId: $id }) { errors { message } } }"
UNLIKE = "mutation ($id: ID!) { unlikePost(input: { postId: $id }) { errors { message } } }"


async def test_the_page_opens_as_the_first_person_and_asks_no_other_host(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)

    await open_example(page, "HomeFeed")
    await page.click('[aria-label="Show Documentation Explorer"]')
    await page.until("document.querySelector('.graphiql-doc-explorer-content')?.innerText.includes('Mutation')")

    assert await page.evaluate("document.querySelector('.person select').value") == live_app.people[0].handle
    assert {urlsplit(url).netloc for url in page.requests if not url.startswith("data:")} == {
        urlsplit(live_app.base_url).netloc
    }
    assert page.problems == []


async def test_an_example_runs_by_two_clicks(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)

    await open_example(page, "HomeFeed")
    await run(page)
    feed = await response(page, "viewer")
    await open_example(page, "PostWithComments")
    await run(page)
    post = await response(page, "node")

    newest = feed["viewer"]["homeFeed"]["nodes"][0]
    assert feed["viewer"]["user"]["handle"] == live_app.people[0].handle
    assert post["node"]["author"]["handle"] == newest["author"]["handle"]
    assert page.problems == []


async def test_the_cost_is_estimated_before_a_run_and_billed_after_it(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)
    await open_example(page, "HomeFeed")

    requested = number(await page.until(text('[data-cost="requested"]')))
    left = number(await page.until(text('[data-cost="budget"]')))
    await run(page)
    actual = number(await page.until(text('[data-cost="actual"]')))
    await page.click('[aria-label="Cost and events"] button')
    nodes = await page.until(text('[data-field="viewer.homeFeed.nodes"]'))

    assert 0 < actual < requested < 2000
    assert number(await page.evaluate(text('[data-cost="requested"]'))) == requested
    assert left > requested
    assert nodes.split()[0] == "nodes"
    assert page.problems == []


async def test_what_is_edited_is_estimated_anew(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)
    await page.until(text('[data-cost="requested"]'))

    await page.evaluate(
        f"{model('operation')}.setValue('{{ viewer {{ homeFeed(first: 50) {{ nodes {{ id: __typename }} }} }} }}')"
    )

    await page.until(f"{text('[data-cost=requested]')} === '56 points'")
    assert page.problems == []


async def test_a_photo_is_published_by_two_clicks(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)

    await open_example(page, "PublishPhoto")
    await page.until(f"{text('[data-cost=requested]')} === '14 points'")
    await run(page)

    payload = (await response(page, "createPost"))["createPost"]
    assert payload["errors"] == []
    assert payload["post"]["id"].startswith("pst_")
    assert page.problems == []


async def test_a_subscription_shows_what_somebody_else_does(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)
    await open_example(page, "PostEvents")
    [post_id] = json.loads(await page.evaluate(editor("variables")))["postIds"]

    await run(page)
    await like_until_noticed(live_app, page, post_id)

    event = (await response(page, "postEvents"))["postEvents"]
    assert event["__typename"] == "PostEngagementEvent"
    assert event["post"]["id"] == post_id
    assert "PostEngagementEvent" in await page.until(text('[data-event="1"]'))
    assert page.problems == []


async def test_events_stay_in_a_list(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)
    await open_example(page, "PostEvents")
    [post_id] = json.loads(await page.evaluate(editor("variables")))["postIds"]

    await run(page)
    await like_until_noticed(live_app, page, post_id)
    await like_until_noticed(live_app, page, post_id, event=2)
    await page.click('[data-event="1"]')
    whole = json.loads(await page.until(text('[data-event="1"] + pre')))
    await page.click('[aria-label^="Stop"]')
    await page.until("document.querySelector('.pulse') && !document.querySelector('.pulse.open')")

    assert whole["data"]["postEvents"]["post"]["id"] == post_id
    assert page.problems == []


async def test_signed_out_the_viewer_is_null(live_app: LiveApp, page: Page) -> None:
    await open_graphiql(live_app, page)

    await choose_person(page, "")
    await open_example(page, "HomeFeed")
    await run(page)

    assert await response(page, "viewer") == {"viewer": None}


async def open_graphiql(live_app: LiveApp, page: Page) -> None:
    await page.open(f"{live_app.base_url}/graphiql")
    await page.until("document.querySelector('.view-line')")


async def open_example(page: Page, operation: str) -> None:
    """Click on an example, and wait for its tab."""
    await page.click(f'[data-operation="{operation}"]')
    await page.until(f"document.querySelector('[role=tab][aria-selected=true]')?.innerText === {json.dumps(operation)}")


async def choose_person(page: Page, handle: str) -> None:
    await page.evaluate(
        f"""(() => {{
            const choice = document.querySelector('.person select');
            choice.value = {json.dumps(handle)};
            choice.dispatchEvent(new Event('change', {{ bubbles: true }}));
        }})()"""
    )


async def run(page: Page) -> None:
    await page.click('[aria-label^="Execute query"]')


async def response(page: Page, field: str) -> Any:
    """The data on the right side once it has the field."""
    answer = await page.until(f"{editor('response')}.includes({json.dumps(field)}) && {editor('response')}")
    return json.loads(answer)["data"]


async def like_until_noticed(live_app: LiveApp, page: Page, post_id: str, event: int = 1) -> None:
    """Like and unlike as the second person until the page shows it: the first may come before the stream is open."""
    headers = {"authorization": f"Bearer {live_app.people[1].token}"}
    async with httpx2.AsyncClient(base_url=live_app.base_url, headers=headers) as client:
        for mutation in (LIKE, UNLIKE) * 5:
            answer = await client.post("/graphql", json={"query": mutation, "variables": {"id": post_id}})
            assert "errors" not in answer.json()
            with suppress(TimeoutError):
                await page.until(text(f'[data-event="{event}"]'), patience_ms=2000)
                return


def editor(name: str) -> str:
    """The JavaScript for the text of one of GraphiQL's editors."""
    return f"{model(name)}.getValue()"


def model(name: str) -> str:
    return f"__MONACO.editor.getModels().find((model) => model.uri.path.includes({json.dumps(name)}))"


def text(selector: str) -> str:
    """The JavaScript for the text of an element, undefined while there is none."""
    return f"document.querySelector({json.dumps(selector)})?.innerText"


def number(shown: str) -> int:
    """`68` of `68 points`, `60000` of `60,000`."""
    return int(shown.split(maxsplit=1)[0].replace(",", ""))
