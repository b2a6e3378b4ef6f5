"""The port of mail: the same promises of an SMTP server and of a folder."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from core.errors import Unavailable
from core.letterbox import MOST, Letterbox
from core.mail import Mail, Mailer, Undeliverable, open_mail
from core.mail.folder import FolderMailer
from core.mail.smtp import Server, SmtpMailer
from core.settings import Settings

SENDER = "Aperture <no-reply@example.org>"
Arrived = Callable[[], Awaitable[list[EmailMessage]]]


def mail(**facts: str) -> Mail:
    """A mail to Ana."""
    fields = {"key": "one", "to": "ana@example.com", "subject": "Hello", "text": "Grüße\n", "html": "<p>Grüße</p>"}
    return Mail(**(fields | facts))


class Inbox:
    """What a server was given, and what it says to some addresses."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        words = {"unknown@example.com": "550 No such person", "full@example.com": "452 Later, please"}
        if address in words:
            return words[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if b"Subject: spam" in envelope.content:
            return "554 No"
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def server(inbox: Inbox) -> AsyncIterator[Server]:
    """An SMTP server."""
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(inbox, enable_SMTPUTF8=True), "127.0.0.1", 0)
    async with listening:
        yield Server("smtp+plain", "127.0.0.1", listening.sockets[0].getsockname()[1], None, None)


@pytest.fixture(params=["smtp", "folder"])
def post(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Mailer, Arrived]:
    """A way to send, and what has arrived, the newest first."""
    if request.param == "smtp":
        mails = request.getfixturevalue("inbox").mails
        return SmtpMailer(request.getfixturevalue("server"), SENDER), lambda: asyncio.sleep(0, _read(mails))
    box = Letterbox(tmp_path / "letters")
    return FolderMailer(box, SENDER), lambda: _kept(box)


def _read(contents: list[bytes]) -> list[EmailMessage]:
    return [message_from_bytes(each, policy=default) for each in reversed(contents)]


async def _kept(box: Letterbox) -> list[EmailMessage]:
    contents = [await box.read(name) for name in await box.names()]
    return _read([each for each in reversed(contents) if each is not None])


def _text(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body
    return str(body.get_content()).strip().replace("\r\n", "\n")


async def test_a_mail_arrives_as_it_was_written(post: tuple[Mailer, Arrived]) -> None:
    mailer, arrived = post

    await mailer.send(mail(subject="Grüße, Ana"))

    (found,) = await arrived()
    assert (found["From"], found["To"], found["Subject"]) == (SENDER, "ana@example.com", "Grüße, Ana")
    assert (_text(found, "plain"), _text(found, "html")) == ("Grüße", "<p>Grüße</p>")
    assert found["Auto-Submitted"] == "auto-generated"


async def test_a_mail_sent_twice_has_one_id(post: tuple[Mailer, Arrived]) -> None:
    mailer, arrived = post

    await mailer.send(mail())
    await mailer.send(mail())
    await mailer.send(mail(key="another"))

    names = [found["Message-ID"] for found in await arrived()]
    assert len(set(names)) == 2
    assert all(name.endswith("@example.org>") for name in names)


INJECTIONS = (
    "Hello\r\nBcc: everybody@example.com",
    "Hello\nBcc: everybody@example.com",
    "Hello\rBcc: everybody@example.com",
    "Hello\u2028Bcc: everybody@example.com",
    "Hello\x00\x0bBcc: everybody@example.com",
    "Hello\r\n\r\nA body of my own",
    "\u202emoc.elpmaxe olleH",
    "\ud800Hello",
    "=?utf-8?q?Hello=0D=0ABcc:_everybody@example.com?=",
)


@pytest.mark.parametrize("subject", INJECTIONS)
async def test_a_subject_adds_no_header(post: tuple[Mailer, Arrived], subject: str) -> None:
    mailer, arrived = post

    await mailer.send(mail(subject=subject))

    (found,) = await arrived()
    assert sorted(found.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )
    assert found["To"] == "ana@example.com"
    assert _text(found, "plain") == "Grüße"


@pytest.mark.parametrize(
    "to",
    [
        "ana@example.com\r\nBcc: everybody@example.com",
        "ana@example.com\n",
        "ana@example.com, ben@example.com",
        "Ana <ana@example.com>",
        '"ana\r\nBcc: x"@example.com',
        "ana@example.com\u2028",
        "ana@exam\rple.com",
        "ana",
        "",
    ],
)
async def test_what_is_not_one_address_gets_nothing(post: tuple[Mailer, Arrived], to: str) -> None:
    mailer, arrived = post

    with pytest.raises(Undeliverable):
        await mailer.send(mail(to=to))

    assert await arrived() == []


@pytest.mark.parametrize(
    ("to", "arrives_as"),
    [("ana@bücher.example.com", "ana@xn--bcher-kva.example.com"), ("änne@bücher.de", "änne@xn--bcher-kva.de")],
)
async def test_addresses_in_all_scripts_are_reached(post: tuple[Mailer, Arrived], to: str, arrives_as: str) -> None:
    mailer, arrived = post

    await mailer.send(mail(to=to))

    (found,) = await arrived()
    assert found["To"] == arrives_as


@pytest.mark.parametrize(("facts"), [{"to": "unknown@example.com"}, {"subject": "spam"}])
async def test_what_a_server_refuses_for_good_is_undeliverable(
    server: Server, inbox: Inbox, facts: dict[str, str]
) -> None:
    with pytest.raises(Undeliverable):
        await SmtpMailer(server, SENDER).send(mail(**facts))

    assert inbox.mails == []


async def test_a_server_that_says_later_is_asked_again(server: Server) -> None:
    with pytest.raises(Unavailable):
        await SmtpMailer(server, SENDER).send(mail(to="full@example.com"))


async def test_a_server_that_is_away_is_asked_again() -> None:
    gone = Server("smtp+plain", "127.0.0.1", 1, None, None)

    with pytest.raises(Unavailable):
        await SmtpMailer(gone, SENDER).send(mail())


async def test_nothing_is_told_to_a_server_without_the_encryption_asked_for(server: Server, inbox: Inbox) -> None:
    bare = Server("smtp", server.host, server.port, "aperture", "secret")

    with pytest.raises(Unavailable):
        await SmtpMailer(bare, SENDER).send(mail())

    assert inbox.mails == []


async def test_a_folder_keeps_the_newest(tmp_path: Path) -> None:
    box = Letterbox(tmp_path)
    for number in range(MOST + 2):
        await box.put(str(number), "eml", b"")

    assert len(await box.names()) == MOST


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a.eml", "." * 40 + ".eml"])
async def test_a_folder_gives_nothing_but_its_messages(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.eml").write_bytes(b"no message")

    assert await Letterbox(tmp_path).read(name) is None


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://ana:p%40ss@mail.example.org", Server("smtps", "mail.example.org", 465, "ana", "p@ss")),
        ("smtp://mail.example.org:2525", Server("smtp", "mail.example.org", 2525, None, None)),
        ("smtp+plain://localhost", Server("smtp+plain", "localhost", 25, None, None)),
    ],
)
def test_servers_are_named_by_urls(url: str, server: Server) -> None:
    assert Server.parse(url) == server


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp:mail"])
def test_other_urls_name_no_server(url: str) -> None:
    with pytest.raises(ValueError, match="APERTURE_MAIL_URL"):
        Server.parse(url)


def test_production_sends_to_nothing_but_a_server(config: Settings) -> None:
    def opened(**values: Any) -> Mailer | None:
        return open_mail(config.model_copy(update=values))

    assert isinstance(opened(), FolderMailer)
    assert opened(environment="production") is None
    assert not config.model_copy(update={"environment": "production"}).sends_mail
