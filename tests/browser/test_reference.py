"""The reference in Chromium: no other host, a search that finds fields, and the way to GraphiQL."""

import json
from urllib.parse import urlsplit

from tests.browser.chromium import Page
from tests.browser.conftest import LiveApp


async def test_the_search_finds_a_field_and_leads_to_it(live_app: LiveApp, page: Page) -> None:
    await page.open(f"{live_app.base_url}/docs")

    await search(page, "likers")
    await page.click('#found [href="#Post.likers"]')

    assert await page.until("location.hash === '#Post.likers'")
    assert await page.until(shown("Post.likers"))
    assert await page.until("document.querySelector('.contents [aria-current]')?.innerText") == "Post"
    assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(live_app.base_url).netloc}
    assert page.problems == []


async def test_words_of_a_description_are_found_too(live_app: LiveApp, page: Page) -> None:
    await page.open(f"{live_app.base_url}/docs")

    await search(page, "resumed cursor")

    assert await page.until("""document.querySelector('#found [href="#Subscription"]')?.innerText""")
    await search(page, "qwertz")
    assert await page.until("document.querySelector('#found .nothing')?.innerText.includes('qwertz')")


async def test_an_example_opens_in_graphiql(live_app: LiveApp, page: Page) -> None:
    await page.open(f"{live_app.base_url}/docs#example-LikePost")

    await page.click("#example-LikePost .open")

    assert await page.until("document.querySelector('[role=tab][aria-selected=true]')?.innerText === 'LikePost'")
    assert page.problems == []


async def test_a_phone_need_not_scroll_sideways(live_app: LiveApp, page: Page) -> None:
    await page.resize(390, 844)
    await page.open(f"{live_app.base_url}/docs")

    await page.until("document.querySelector('.entry')?.id")

    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def search(page: Page, text: str) -> None:
    """Type into the search box."""
    await page.until("document.readyState === 'complete'")
    await page.click("#search")
    await page.evaluate(
        f"""(() => {{
            const input = document.getElementById('search');
            input.value = {json.dumps(text)};
            input.dispatchEvent(new Event('input'));
        }})()"""
    )


def shown(anchor: str) -> str:
    """The JavaScript for whether a place is in the window."""
    return f"""(() => {{
        const {{ top, bottom }} = document.getElementById({json.dumps(anchor)}).getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight;
    }})()"""
