"""The devices of people: clients over the network that send again whatever may succeed later, as good clients do."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from io import BytesIO
from itertools import count
from secrets import token_hex
from typing import Any, Self, TypeVar

import httpx2
from PIL import Image

from tests import pictures
from tests.live import RECOVERY_SECONDS

T = TypeVar("T")

# The five seconds in which every answer is promised, and one for the way.
ANSWER_SECONDS = 6
PAUSE_SECONDS = 0.2
PHOTO = pictures.jpeg(80, 60)

ERRORS = "errors { code message isRetryable }"
SIGN_UP = f"""mutation ($input: SignUpInput!) {{ it: signUp(input: $input) {{
  viewer {{ user {{ id }} }} tokens {{ accessToken }} {ERRORS} }} }}"""
FOLLOW = f"mutation ($input: FollowUserInput!) {{ it: followUser(input: $input) {{ {ERRORS} }} }}"
LIKE = f"mutation ($input: LikePostInput!) {{ it: likePost(input: $input) {{ {ERRORS} }} }}"
UNLIKE = f"mutation ($input: UnlikePostInput!) {{ it: unlikePost(input: $input) {{ {ERRORS} }} }}"
COMMENT = f"mutation ($input: AddCommentInput!) {{ it: addComment(input: $input) {{ comment {{ id }} {ERRORS} }} }}"
BEGIN = f"""mutation ($input: BeginUploadInput!) {{ it: beginUpload(input: $input) {{
  upload {{ id parts {{ url headers {{ name value }} }} }} {ERRORS} }} }}"""
COMPLETE = (
    f"mutation ($input: CompleteUploadInput!) {{ it: completeUpload(input: $input) {{ upload {{ id }} {ERRORS} }} }}"
)
CREATE = f"mutation ($input: CreatePostInput!) {{ it: createPost(input: $input) {{ post {{ id }} {ERRORS} }} }}"
POST = """query ($id: ID!) { node(id: $id) { ... on Post {
  status likeCount commentCount viewerHasLiked media { ... on Image { variants { url byteSize } } } } } }"""
UPLOAD = "query ($id: ID!) { node(id: $id) { ... on Upload { state progress { stage } failure { code } } } }"
FEED = """query ($after: String) { viewer { homeFeed(first: 50, after: $after, mode: CHRONOLOGICAL) {
  nodes { ... on Post { id } } pageInfo { hasNextPage endCursor } } } }"""
_RETRYABLE = {"UNAVAILABLE", "TIMEOUT"}
_numbers = count(1)


class Again(Exception):
    """There was no answer, or one which says that the same call may succeed later."""


class Device:
    """One person's device; `repeats` counts why calls were sent again. A call that is refused for good fails the test.

    Every answer must come within six seconds, and a call that is repeated must succeed within 45.
    """

    def __init__(self, base_url: str, name: str) -> None:
        self.handle = f"{name}{next(_numbers)}{token_hex(3)}"
        self.password = "a long walk by the sea"
        self.repeats: Counter[str] = Counter()
        self.http = httpx2.Client(base_url=base_url, timeout=ANSWER_SECONDS)
        who = {"handle": self.handle, "email": f"{self.handle}@example.org", "password": self.password}
        entered = self.do(SIGN_UP, **who, idempotencyKey=fresh_key())
        self.id: str = entered["viewer"]["user"]["id"]
        self.token: str = entered["tokens"]["accessToken"]
        self.http.headers["authorization"] = f"Bearer {self.token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def follow(self, *others: "Device") -> None:
        for other in others:
            self.do(FOLLOW, userId=other.id)

    def like(self, post_id: str, *, is_liked: bool = True) -> None:
        self.do(LIKE if is_liked else UNLIKE, postId=post_id)

    def comment(self, post_id: str, text: str) -> str:
        return str(self.do(COMMENT, postId=post_id, text=text, idempotencyKey=fresh_key())["comment"]["id"])

    def upload(self, photo: bytes = PHOTO) -> str:
        """Announce, send and complete a photo; answers the upload's id."""
        upload = self.announce(photo)
        self.send(upload, photo)
        return self.complete(upload)

    def announce(self, photo: bytes = PHOTO) -> Any:
        """Begin an upload."""
        width, height = Image.open(BytesIO(photo)).size
        size = {"byteSize": len(photo), "width": width, "height": height}
        about = {"purpose": "POST", "contentType": "image/jpeg", **size}
        return self.do(BEGIN, **about, idempotencyKey=fresh_key())["upload"]

    def send(self, upload: Any, photo: bytes = PHOTO) -> None:
        """Send the bytes to the signed address."""
        self._persist(partial(self.try_to_send, upload, photo))

    def complete(self, upload: Any) -> str:
        """Say that the bytes are there; answers the upload's id."""
        return str(self.do(COMPLETE, uploadId=upload["id"])["upload"]["id"])

    def publish(self, upload_id: str) -> str:
        """Post an upload; answers the id of the post, which publishes itself when the picture is ready."""
        return self.post(upload_id, fresh_key())

    def post(self, upload_id: str, key: str) -> str:
        """As `publish`, with a key of the caller's."""
        post = self.do(CREATE, content={"photo": {"uploadId": upload_id}}, idempotencyKey=key)["post"]
        return str(post["id"])

    def look_at(self, document: str, id: str) -> Any:
        """A node, by one of the documents above."""
        return self.ask(document, id=id)["node"]

    def home_feed(self) -> list[str]:
        """The ids of all posts, page by page."""
        feed: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
        ids = []
        while feed["pageInfo"]["hasNextPage"]:
            feed = self.ask(FEED, after=feed["pageInfo"]["endCursor"])["viewer"]["homeFeed"]
            ids += [node["id"] for node in feed["nodes"]]
        return ids

    def ask(self, document: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        return self._persist(partial(self.try_to_ask, document, **variables))

    def do(self, document: str, **input: Any) -> Any:
        """The payload of a mutation that did its work; it is repeated with the same input, so with the same key."""
        return self.ask(document, input=input)["it"]

    def try_to_ask(self, document: str, **variables: Any) -> Any:
        """As `ask`, but once; raises `Again`."""
        answer = self._reached(lambda: self.http.post("/graphql", json={"query": document, "variables": variables}))
        content = answer.json()
        told = [(error["extensions"]["code"], error) for error in content.get("errors", ())]
        if told and all(code in _RETRYABLE for code, _ in told):
            raise Again(told[0][0])
        assert not told, told
        refusals = (content["data"].get("it") or {}).get("errors", ())
        if refusals and all(error["isRetryable"] for error in refusals):
            raise Again(refusals[0]["code"])
        assert not refusals, refusals
        return content["data"]

    def try_to_send(self, upload: Any, photo: bytes = PHOTO) -> None:
        """As `send`, but once; raises `Again`."""
        (part,) = upload["parts"]
        headers = {header["name"]: header["value"] for header in part["headers"]}
        answer = self._reached(lambda: self.http.put(part["url"], content=photo, headers=headers))
        if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            raise Again(answer.json()["code"])
        assert answer.status_code == httpx2.codes.OK, answer.text

    def _reached(self, call: Callable[[], httpx2.Response]) -> httpx2.Response:
        try:
            return call()
        except httpx2.TimeoutException as error:
            raise AssertionError(f"no answer in {ANSWER_SECONDS} s") from error
        except httpx2.TransportError:
            raise Again("CUT") from None

    def _persist(self, call: Callable[[], T]) -> T:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                return call()
            except Again as again:
                self.repeats[str(again)] += 1
            assert time.monotonic() < deadline, f"{self.repeats} in {RECOVERY_SECONDS} s"
            time.sleep(PAUSE_SECONDS)


def fresh_key() -> str:
    """An idempotency key."""
    return token_hex(16)
