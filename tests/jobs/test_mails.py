"""What people are written to about, and what becomes of mails that cannot be sent."""

from dataclasses import replace
from typing import get_args
from uuid import UUID

import pytest
from sqlalchemy import String, cast, select

from core.db import Database
from core.events import Event, PasswordChanged, RefreshTokenReused
from core.ids import new_uuid
from core.mail import Mail, Undeliverable
from core.mail.smtp import Server, SmtpMailer
from jobs.base import JobContext
from jobs.mails import Notice
from jobs.routes import ROUTES
from models.mail_codes import MailCode
from models.outbox import OutboxEntry
from models.tasks import Task
from services.auth import sessions
from services.auth.devices import Device
from services.mails import english
from tests.factories.mails import Mails, text
from tests.factories.sessions import CAFE, HOME, account, set_status
from tests.jobs.parts import emit, handled, kept, later, open_tasks, relayed

EMAIL = "ana@example.com"
PHONE, LAPTOP = Device("Safari on iPhone", "IOS"), Device("Firefox on Linux", "WEB")
NOTICES: tuple[type[Event], ...] = get_args(Notice)


class Refusing:
    """A server that takes no mail, ever."""

    async def send(self, mail: Mail) -> None:
        raise Undeliverable(mail.to)


@pytest.fixture
async def ana(ctx: JobContext) -> UUID:
    """Somebody who signed up, and was welcomed."""
    user_id = await account(ctx.db, email=EMAIL)
    await Mails(ctx).sent()
    return user_id


async def begin(db: Database, user_id: UUID, device: Device, address: str) -> UUID:
    """A session, without the request around it."""
    session = await db.write(lambda tx: sessions.begin(tx, user_id, device, address, "PASSWORD"))
    return session.id


def of(kind: type[Event], user_id: UUID) -> Event:
    """An event of a kind, about a person."""
    more = {"session_id", "identity_id", "code_id"} & set(kind.__annotations__)
    return kind.from_json({"user_id": str(user_id)} | dict.fromkeys(more, str(new_uuid())))


@pytest.mark.parametrize("kind", NOTICES)
async def test_people_are_told_what_happens_to_their_accounts(ctx: JobContext, ana: UUID, kind: type[Event]) -> None:
    await emit(ctx.db, of(kind, ana))

    newest = (await Mails(ctx).sent(EMAIL))[0]

    assert newest["Subject"] == f"Aperture: {english.TEXTS[kind.__name__].subject}"
    assert "Hello Ana.Lima," in text(newest)
    assert "{" not in text(newest)


async def test_a_notice_says_where_it_happened(ctx: JobContext, ana: UUID) -> None:
    session = await begin(ctx.db, ana, PHONE, HOME)
    await emit(ctx.db, RefreshTokenReused(ana, session))

    mail = (await Mails(ctx).sent(EMAIL))[0]

    assert "the session on Safari on iPhone was ended" in text(mail)


async def test_nobody_who_is_gone_is_written_to(ctx: JobContext, ana: UUID) -> None:
    await set_status(ctx.db, ana, "DELETED")

    await emit(ctx.db, PasswordChanged(ana))

    assert await Mails(ctx).subjects() == ["Confirm your address"]


async def test_a_mail_waits_for_its_server_and_goes_out_once(ctx: JobContext, ana: UUID) -> None:
    await emit(ctx.db, PasswordChanged(ana))
    await relayed(ctx.db, ROUTES)
    away = replace(ctx, mail=SmtpMailer(Server("smtp+plain", "127.0.0.1", 1, None, None), "no-reply@example.org"))
    task_id = await _task(ctx.db, "mails.tell_owner")

    await handled(away, ROUTES, [task_id])
    failed = await kept(ctx.db, task_id)
    with later(5):
        await handled(ctx, ROUTES, [task_id])
        await handled(ctx, ROUTES, [task_id])

    assert (failed.last_error.partition(" ")[0], failed.done_at) == ("Unavailable", None)
    assert (await kept(ctx.db, task_id)).done_at
    assert (await Mails(ctx).subjects()).count("Your password was changed") == 1


async def test_without_a_server_nothing_waits(ctx: JobContext, ana: UUID) -> None:
    await emit(ctx.db, PasswordChanged(ana))

    assert len(await Mails(replace(ctx, mail=None)).sent()) == 1
    assert await open_tasks(ctx.db) == 0


async def test_what_cannot_be_delivered_is_given_up(ctx: JobContext) -> None:
    await account(ctx.db, email=EMAIL)

    assert await Mails(replace(ctx, mail=Refusing())).sent() == []
    assert await open_tasks(ctx.db) == 0


async def test_no_code_and_no_address_is_kept_with_what_waits(ctx: JobContext, ana: UUID) -> None:
    code = await Mails(ctx).code(EMAIL, "Confirm your address")

    async with ctx.db.reading(fresh=True) as db:
        facts = await db.scalars(select(cast(OutboxEntry.payload, String)))
        tasks = await db.scalars(select(cast(Task.payload, String)))
        codes = [str(tuple(row)) for row in await db.all(select(*MailCode.__table__.columns))]

    assert codes
    assert not [each for each in [*facts, *tasks, *codes] if code in each or code[48:] in each]
    assert not [each for each in [*facts, *tasks] if EMAIL in each]


async def test_a_device_and_a_network_never_seen_are_told_of_once(ctx: JobContext, ana: UUID) -> None:
    await begin(ctx.db, ana, PHONE, HOME)
    await Mails(ctx).sent()

    await begin(ctx.db, ana, LAPTOP, CAFE)
    await begin(ctx.db, ana, LAPTOP, CAFE)

    found = await Mails(ctx).sent(EMAIL)
    assert len(found) == 2
    assert "somebody logged in on Firefox on Linux" in text(found[0])


async def test_a_known_device_is_not_told_of_elsewhere(ctx: JobContext, ana: UUID) -> None:
    await begin(ctx.db, ana, PHONE, HOME)
    await begin(ctx.db, ana, PHONE, CAFE)

    assert await Mails(ctx).subjects() == ["Confirm your address"]


async def test_the_first_session_is_not_told_of(ctx: JobContext, ana: UUID) -> None:
    await begin(ctx.db, ana, PHONE, HOME)

    assert await Mails(ctx).subjects() == ["Confirm your address"]


async def _task(db: Database, consequence: str) -> UUID:
    async with db.reading(fresh=True) as read:
        open_ = select(Task.id).where(Task.consequence == consequence, Task.done_at.is_(None))
        task_id: UUID = await read.scalar(open_)
        return task_id
