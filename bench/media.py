"""Photos per second: 12 megapixels into every size and format, through the sandbox, against other programs.

`python -m bench.media` makes its photographs, gives each contender the same work on two processes, and prints photos
per second, photos per second of CPU (twice that is what two free cores do), and the ratio to Pillow. vipsthumbnail
takes part where it is on the path.
"""

import asyncio
import io
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

from core.imaging.render import SQUARE, WIDTHS
from jobs.sandbox import Sandbox
from tests.pictures import encoded, landscape

WIDTH, HEIGHT = 4000, 3000
DIFFERENT, PHOTOS, PROCESSES, ROUNDS = 4, 96, 2, 2


class Figures(NamedTuple):
    """What one contender did in one round."""

    per_second: float
    per_cpu_second: float


def main() -> None:
    """Let the contenders run by turns, so that a busy moment of the machine meets all of them."""
    with tempfile.TemporaryDirectory(prefix="aperture-bench-") as folder:
        photos = _photos(Path(folder))
        contenders: dict[str, Callable[[list[Path]], None]] = {
            "sandbox": _sandbox,
            "Pillow": partial(_pooled, ProcessPoolExecutor, _by_pillow),
        }
        if shutil.which("vipsthumbnail"):
            contenders["vipsthumbnail"] = partial(_pooled, ThreadPoolExecutor, _by_vipsthumbnail)
        rounds = [{name: _run(run, photos) for name, run in contenders.items()} for _ in range(ROUNDS)]
        _report(rounds, photos[0].stat().st_size)


def _photos(folder: Path) -> list[Path]:
    """A few photographs, repeated: one in four is held upright, as phones do it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = []
    for seed in range(DIFFERENT):
        path = folder / f"{seed}.jpg"
        held = {"exif": exif} if seed == 0 else {}
        path.write_bytes(encoded(landscape(WIDTH, HEIGHT, seed), "JPEG", quality=88, **held))
        paths.append(path)
    return [paths[at % DIFFERENT] for at in range(PHOTOS)]


def _run(work: Callable[[list[Path]], None], photos: list[Path]) -> Figures:
    begun, cpu = time.perf_counter(), _cpu_seconds()
    work(photos)
    return Figures(len(photos) / (time.perf_counter() - begun), len(photos) / (_cpu_seconds() - cpu))


def _cpu_seconds() -> float:
    """Of this process and of the children that have ended: every contender ends its own."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _sandbox(photos: list[Path]) -> None:
    """As the job does it: the start of the children is part of the time, as it is once in a hundred photos there."""

    async def run() -> None:
        async with Sandbox(size=PROCESSES) as sandbox:
            await asyncio.gather(*map(sandbox.render, photos))

    asyncio.run(run())


def _pooled(pool: Callable[[int], Executor], work: Callable[[Path], None], photos: list[Path]) -> None:
    with pool(PROCESSES) as workers:
        list(workers.map(work, photos))


def _by_pillow(path: Path) -> None:
    """The same files: one decode, a cascade, JPEG and WebP of each size, the original once."""
    with Image.open(path) as opened:
        upright = ImageOps.exif_transpose(opened)
    step = upright
    for width in WIDTHS.values():
        step = step.resize((width, round(step.height * width / step.width)), Image.Resampling.LANCZOS)
        _save_both(step)
    _save_both(ImageOps.fit(step, (SQUARE, SQUARE), Image.Resampling.LANCZOS))
    upright.save(io.BytesIO(), "JPEG", quality=90)


def _save_both(step: Image.Image) -> None:
    step.save(io.BytesIO(), "JPEG", quality=82)
    step.save(io.BytesIO(), "WEBP", quality=80, method=1)


def _by_vipsthumbnail(path: Path) -> None:
    """The same files by the command, which decodes once for each of them."""
    sizes = [f"{width}x" for width in WIDTHS.values()] + [f"{SQUARE}x{SQUARE}"]
    outputs = [
        (size, format_) for size in sizes for format_ in ("jpg[Q=82,keep=none]", "webp[Q=80,effort=1,keep=none]")
    ]
    for size, format_ in [*outputs, (f"{HEIGHT}x>", "jpg[Q=90,keep=none]")]:
        with tempfile.TemporaryDirectory() as folder:
            command = ["vipsthumbnail", str(path), "--size", size, "-o", f"{folder}/out.{format_}"]
            subprocess.run(command, check=True, env=os.environ | {"VIPS_CONCURRENCY": "1"})


def _report(rounds: list[dict[str, Figures]], byte_size: int) -> None:
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{PHOTOS} photos of {WIDTH} x {HEIGHT}, {byte_size / 1e6:.1f} MB, {PROCESSES} processes, best of {ROUNDS}")
    best = {name: Figures(*map(max, *(each[name] for each in rounds))) for name in rounds[0]}
    for name, figures in best.items():
        ratio = figures.per_cpu_second / best["Pillow"].per_cpu_second
        print(
            f"{name:>14}: {figures.per_second:5.1f} photos/s, {figures.per_cpu_second:5.2f} per CPU-second"
            f" ({ratio:.2f} x Pillow)"
        )
    print(f"largest child of any contender: {memory:.0f} MB")


if __name__ == "__main__":
    main()
