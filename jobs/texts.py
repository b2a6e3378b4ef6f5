"""The text messages that follow from events."""

from core.events import SmsCodeIssued
from core.sms import Sms, Unreachable
from core.telemetry import logger
from jobs.base import JobContext, consequence
from services.auth import phones
from services.tasks import Claim

log = logger(__name__)


@consequence(kind="outside")
async def send_code(ctx: JobContext, event: SmsCodeIssued, claim: Claim) -> None:
    """Send a code that still works; the task's id makes it the same message in each try."""
    async with ctx.db.reading(fresh=True) as db:
        message = await phones.message(db, event.user_id, event.code_id)
    if message is None or ctx.sms is None:
        return
    try:
        await ctx.sms.send(Sms(str(claim.id), message.to, message.text))
    except Unreachable:
        log.info("text message not taken")
