"""The mails that follow from events: codes, and notices of what happened to an account."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from core import clock
from core.db import Read
from core.events import (
    AccountCreated,
    AccountDeactivated,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    EmailChanged,
    HandleChanged,
    LogInsFailed,
    MailCodeIssued,
    PasswordChanged,
    ProviderLinked,
    ProviderUnlinked,
    RecoveryCodesRenewed,
    RecoveryCodeUsed,
    RefreshTokenReused,
    SecondFactorDisabled,
    SecondFactorEnabled,
    UnusualLogIn,
)
from core.ids import moment_of
from core.mail import Mail, Undeliverable
from core.telemetry import logger
from jobs.base import JobContext, consequence, every
from services import emails, mail_codes, mails, verification
from services.mails import Letter, Person
from services.tasks import Claim

log = logger(__name__)

Notice = (
    AccountDeactivated
    | AccountDeletionCancelled
    | AccountDeletionRequested
    | EmailChanged
    | HandleChanged
    | LogInsFailed
    | PasswordChanged
    | ProviderLinked
    | ProviderUnlinked
    | RecoveryCodeUsed
    | RecoveryCodesRenewed
    | RefreshTokenReused
    | SecondFactorDisabled
    | SecondFactorEnabled
    | UnusualLogIn
)
"""What people are told of by mail, whatever they have chosen to be told of."""

_OLD = timedelta(hours=1)
_AT_ONCE = 500


@consequence(kind="outside")
async def greet(ctx: JobContext, event: AccountCreated, claim: Claim) -> None:
    """Mail a code to confirm the address of a new account; the task's id makes it the same code in each try."""
    async with ctx.db.reading(fresh=True) as db:
        person = await mails.find(db, event.user_id)
    if person is None or person.is_verified or ctx.mail is None:
        return
    issue = partial(mail_codes.issue, user_id=event.user_id, purpose="VERIFY_EMAIL", email=person.email, id=claim.id)
    await ctx.db.write(issue)
    await send_code_of(ctx, MailCodeIssued(event.user_id, claim.id), claim)


@consequence(kind="outside")
async def send_code(ctx: JobContext, event: MailCodeIssued, claim: Claim) -> None:
    """Mail a code, unless it works no more by now or was one too many."""
    await send_code_of(ctx, event, claim)


async def send_code_of(ctx: JobContext, event: MailCodeIssued, claim: Claim) -> None:
    """Mail a code that still works to the address it is for."""
    async with ctx.db.reading(fresh=True) as db:
        person = await mails.find(db, event.user_id)
        issued = await mail_codes.find(db, event.user_id, event.code_id)
        if person is None or issued is None:
            return
        is_free = issued.code.purpose != "CHANGE_EMAIL" or await emails.is_free(db, issued.email, event.user_id)
    to = replace(person, email=issued.email)
    if is_free:
        letter = mails.write(ctx.settings, issued.code.purpose, to, _when(claim), issued.code)
    else:
        letter = mails.write(ctx.settings, "ADDRESS_IN_USE", to, _when(claim))
    await _send(ctx, to, letter, claim)


@consequence(kind="outside")
async def tell_owner(ctx: JobContext, event: Notice, claim: Claim) -> None:
    """Tell a person what happened to their account."""
    async with ctx.db.reading(fresh=True) as db:
        person = await mails.find(db, event.user_id)
        facts = await _facts(db, event)
    if person is not None:
        letter = mails.write(ctx.settings, claim.event, person, {**_when(claim), **facts})
        await _send(ctx, person, letter, claim)


@consequence(kind="outside")
async def tell_former_address(ctx: JobContext, event: EmailChanged, claim: Claim) -> None:
    """Tell who read the former address how to take the account back."""
    await send_code_of(ctx, MailCodeIssued(event.user_id, event.code_id), claim)


@every(600, "mail_codes.purge")
async def purge_codes(ctx: JobContext) -> None:
    """Forget codes that stopped working an hour ago, and with the last way back let go of the former address."""
    async with ctx.db.reading(fresh=True) as db:
        old = await mail_codes.find_old(db, clock.now() - _OLD, _AT_ONCE)
    for user_id, code_id in old:
        await ctx.db.write(partial(verification.forget, user_id=user_id, code_id=code_id))


async def _facts(db: Read, event: Notice) -> Mapping[str, object]:
    """What a notice says of the session it is about."""
    if not isinstance(event, RefreshTokenReused | UnusualLogIn):
        return {}
    return await mails.session(db, event.user_id, event.session_id)


async def _send(ctx: JobContext, to: Person, letter: Letter, claim: Claim) -> None:
    """Send it, if this installation sends mails; the task's id makes it the same mail in each try."""
    if ctx.mail is None:
        return
    try:
        await ctx.mail.send(Mail(str(claim.id), to.email, letter.subject, letter.text, letter.html))
    except Undeliverable:
        log.info("mail not taken", mail=claim.event)


def _when(claim: Claim) -> dict[str, object]:
    return {"when": moment_of(claim.outbox_id)}
