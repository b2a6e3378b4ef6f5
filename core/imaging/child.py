"""The child process: reads one request after the other, renders the source in its folder, leaves the renditions there.

It greets with `{"is_offline": …}`; a request is `{"focal": [x, y]}`, its answer `{"picture": …}` or `{"code": …,
"reason": …}`. Frames go over what standard input and output were at the start.
"""

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from core.imaging.confine import Limits, allow_cpu
from core.imaging.parcel import HEAD, SOURCE, frame, pack
from core.imaging.pictures import FailureCode, UnusablePicture
from core.imaging.render import render


def serve(limits: Limits, *, is_offline: bool) -> None:
    """Answer requests until the pipe is closed or the child has served as many pictures as it may."""
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb", buffering=0) as answers:
        _silence()
        answers.write(frame({"is_offline": is_offline}))
        for _ in range(limits.pictures):
            request = _read(requests)
            if request is None:
                return
            allow_cpu(limits.cpu_seconds)
            answers.write(frame(_answer(Path.cwd(), tuple(request["focal"]))))


def _silence() -> None:
    """What a native library prints must not reach the pipe."""
    with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)


def _answer(folder: Path, focal: tuple[float, float]) -> dict[str, Any]:
    try:
        return {"picture": pack(render((folder / SOURCE).read_bytes(), focal), folder)}
    except UnusablePicture as failure:
        return {"code": failure.code, "reason": failure.reason}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told and goes on
        return {"code": FailureCode.INTERNAL, "reason": repr(error)[:1000]}


def _read(pipe: BinaryIO) -> dict[str, Any] | None:
    head = pipe.read(HEAD)
    if not head:
        return None
    request: dict[str, Any] = json.loads(pipe.read(int.from_bytes(head, "big")))
    return request
