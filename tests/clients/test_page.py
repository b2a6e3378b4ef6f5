"""`docs/front_end.md` prints the code that these tests run, all of it, and its commands work."""

import shutil
import subprocess

import pytest

from tests.clients.kit import APP
from tests.devices import Device
from tests.docs.documents import blocks
from tests.live import Live

PAGE = "docs/front_end.md"
PRINTED = "http://localhost:8000"
CODE = {"ts", "js", "json"}
BASH = shutil.which("bash") or ""


def test_the_page_prints_the_files_of_the_app() -> None:
    files = {path.name: path.read_text() for kind in CODE for path in APP.glob(f"*.{kind}")}

    assert sorted(block.text for block in blocks(PAGE) if block.language in CODE) == sorted(files.values())


@pytest.mark.skipif(not BASH or not shutil.which("curl"), reason="the page shows bash and curl")
def test_the_commands_of_the_page_work(installation: Live) -> None:
    installation.heal()
    (script,) = (block.text for block in blocks(PAGE) if block.language == "bash")

    with Device(installation.base_url, "reader") as reader:
        done = subprocess.run(
            [BASH, "-c", script.replace(PRINTED, installation.base_url)],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TOKEN": reader.token},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert f'{{"data":{{"viewer":{{"user":{{"handle":"{reader.handle}"}}}}}}}}' in done.stdout, done.stderr
    assert '"server":{"name":' in done.stdout
    assert "event: next" in done.stdout
    assert "StreamResetEvent" in done.stdout
