"""What is told live of uploads: all of one's own, from the first stage to the end, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from aperture.execution import Graph, GraphQLRequest
from aperture.graphql import schema
from aperture.subscription import subscribe
from aperture.worker import job_context
from core.backends import Backends
from core.db import Database
from core.settings import Settings
from core.viewer import Viewer
from jobs.base import JobContext
from models.topic_events import Topic
from schema.context import Context
from services import event_log
from services.media import completing
from tests import pictures
from tests.factories import media as make
from tests.factories.people import person
from tests.jobs.parts import until

WATCH = """subscription ($ids: [ID!], $after: String) { it: mediaEvents(uploadIds: $ids, after: $after) {
    __typename cursor
    ... on UploadProgressEvent { upload { id state progress { stage } } }
    ... on UploadFinishedEvent { upload { id state failure { code } media { status } } }
} }"""


@pytest.fixture
async def worker(config: Settings) -> AsyncIterator[JobContext]:
    async with job_context(config) as ctx:
        yield ctx


async def watched(backends: Backends, viewer: Viewer, **variables: Any) -> AsyncIterator[Any]:
    """The viewer's events as they come."""
    request = GraphQLRequest(WATCH, variables=variables)
    answers = await subscribe(Graph(schema._schema), request, Context(backends, viewer))
    assert not isinstance(answers, dict), answers
    async for answer in answers:
        assert "errors" not in answer, answer
        yield answer["data"]["it"]


async def to_the_end(backends: Backends, viewer: Viewer, **variables: Any) -> list[Any]:
    """Events up to the first end of an upload."""
    told = []
    async for event in watched(backends, viewer, **variables):
        told.append(event)
        if event["__typename"] == "UploadFinishedEvent":
            break
    return told


async def is_watched(db: Database, viewer: Viewer) -> bool:
    topic = event_log.media_topic(viewer.user_id)
    async with db.reading(fresh=True) as read:
        return await read.scalar(select(Topic.topic).where(Topic.topic == topic)) is not None


async def test_an_upload_is_followed_to_its_end(backends: Backends, worker: JobContext, ana: Viewer) -> None:
    watching = asyncio.create_task(to_the_end(backends, ana))
    await until(lambda: is_watched(backends.db, ana))
    await make.ready(worker, await person(backends.db, "bea"))
    upload_id = await make.ready(worker, ana)

    told = await watching

    assert {event["upload"]["id"] for event in told} == {str(upload_id)}
    assert [event["__typename"] for event in told] == ["UploadProgressEvent"] * 4 + ["UploadFinishedEvent"]
    assert told[-1]["upload"]["state"] == "READY"
    assert told[-1]["upload"]["media"] == {"status": "READY"}
    assert len({event["cursor"] for event in told}) == len(told)


async def test_who_comes_back_is_told_what_was_missed(backends: Backends, worker: JobContext, ana: Viewer) -> None:
    watching = asyncio.create_task(to_the_end(backends, ana))
    await until(lambda: is_watched(backends.db, ana))
    await make.ready(worker, ana)
    first = await watching
    bad = await make.completed(worker, ana, pictures.truncated_jpeg())
    await make.settle(worker)

    missed = await to_the_end(backends, ana, after=first[-1]["cursor"])

    assert {event["upload"]["id"] for event in missed} == {str(bad)}
    assert missed[-1]["upload"]["failure"] == {"code": "DAMAGED"}


async def test_one_upload_can_be_followed_alone(backends: Backends, worker: JobContext, ana: Viewer) -> None:
    other, followed = [await make.begun(backends.db, ana) for _ in range(2)]
    watching = asyncio.create_task(to_the_end(backends, ana, ids=[str(followed)]))
    await until(lambda: is_watched(backends.db, ana))

    for each in (other, followed):
        await worker.db.write(partial(completing.cancel_upload, viewer=ana, upload_id=each))
        await make.settle(worker)

    (told,) = await watching
    assert told["upload"] == {"id": str(followed), "state": "CANCELLED", "failure": None, "media": None}
