"""What the server says of itself."""

from datetime import datetime, timedelta

from core import clock
from core.statements import counted
from schema.contract import contract
from services import media
from tests.client import Client

SERVER = """{ server {
  name version schemaVersion time capabilities supportedLanguages
  limits { captionLength commentLength bioLength carouselItems
    uploads { purpose contentTypes maxBytes minAspectRatio maxAspectRatio } }
} }"""


async def test_anybody_reads_limits_as_the_contract_states_them(api: Client) -> None:
    with counted() as statements:
        server = (await api.ask(SERVER))["server"]

    assert {name: server["limits"][name] for name in ("captionLength", "commentLength", "bioLength")} == {
        "captionLength": contract().limit("CreatePostInput", "caption", "maxLength"),
        "commentLength": contract().limit("AddCommentInput", "text", "maxLength"),
        "bioLength": contract().limit("UpdateProfileInput", "bio", "maxLength"),
    }
    assert server["limits"]["carouselItems"] == 20
    assert [each["purpose"] for each in server["limits"]["uploads"]] == ["POST", "AVATAR"]
    assert all(each["maxBytes"] == media.MAX_BYTES for each in server["limits"]["uploads"])
    assert all("image/jpeg" in each["contentTypes"] for each in server["limits"]["uploads"])
    assert "SUBSCRIPTIONS_WEBSOCKET" in server["capabilities"]
    assert server["supportedLanguages"] == ["en"]
    assert server["schemaVersion"] == contract().version
    assert len(statements) == 0


async def test_the_clock_is_the_one_that_stamps_posts(api: Client) -> None:
    time = datetime.fromisoformat((await api.ask(SERVER))["server"]["time"])

    assert abs(time - clock.now()) < timedelta(minutes=1)
