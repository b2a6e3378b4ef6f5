"""What development shows of the mails people would have been sent."""

import httpx2
import pytest
from starlette.applications import Starlette

from aperture.letterbox import letterbox_routes
from core.letterbox import Letterbox
from core.mail import Mail, open_mail
from core.settings import Settings
from core.sms import Sms, open_sms


@pytest.fixture
def development(config: Settings) -> Settings:
    return config.model_copy(update={"environment": "development"})


@pytest.fixture
def browser(development: Settings) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=Starlette(routes=letterbox_routes(development)))
    return httpx2.AsyncClient(transport=transport, base_url="http://aperture.test")


async def send(settings: Settings, subject: str, text: str) -> None:
    mailer = open_mail(settings)
    assert mailer
    await mailer.send(Mail(subject, "ana@example.com", subject, text, "<p>never shown</p>"))


async def test_the_newest_mail_comes_first(development: Settings, browser: httpx2.AsyncClient) -> None:
    await send(development, "The first", "one")
    await send(development, "The second", "two")

    page = (await browser.get("/dev/mail")).text

    assert page.index("The second") < page.index("The first")
    assert "ana@example.com" in page


async def test_a_mail_is_shown_as_text_whose_links_work(development: Settings, browser: httpx2.AsyncClient) -> None:
    await send(development, "<b>Hello</b>", "Open https://web.example.org/verify#code=a_b-c\n<script>alert(1)</script>")
    (name,) = await Letterbox(development.letterbox).names() if development.letterbox else [""]

    answer = await browser.get(f"/dev/mail/{name}")

    assert '<a href="https://web.example.org/verify#code=a_b-c" rel="noreferrer">' in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    assert "<b>Hello" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_programs_read_mails_and_text_messages_as_json(
    development: Settings, browser: httpx2.AsyncClient
) -> None:
    await send(development, "Hello", "Open https://web.example.org/x")
    texter = open_sms(development)
    assert texter
    await texter.send(Sms("one", "+4915112345678", "Your code is 123 456."))

    sms, mail = (await browser.get("/dev/mail.json")).json()

    assert (sms["to"], sms["text"]) == ("+4915112345678", "Your code is 123 456.")
    assert mail["links"] == ["https://web.example.org/x"]


async def test_there_is_no_mail_that_is_not_there(browser: httpx2.AsyncClient) -> None:
    assert "Nothing yet" in (await browser.get("/dev/mail")).text
    assert (await browser.get("/dev/mail/..%2f..%2fsecret")).status_code == 404
    assert (await browser.get(f"/dev/mail/{'0' * 40}.eml")).status_code == 404


@pytest.mark.parametrize("environment", ["test", "production"])
def test_mails_are_shown_in_development_alone(config: Settings, environment: str) -> None:
    assert letterbox_routes(config.model_copy(update={"environment": environment})) == []
