"""After a move, the console of AWS also shows the runs of the box, whether its engine runs or not."""

import html
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from lamplighter.cli.engine_address import EngineAddress, write_address
from lamplighter.cli.up.handover_file import HandoverFile
from lamplighter.jobs.stack.handover import Handover
from tests.cli.job_folder import JobFolder
from tests.served_engine import ACCOUNT, ServedEngine

CHOICE = re.compile(r'<a href="(/\?account=[^"]*)"[^>]*>(AWS|This box) ([^ ]*) ')
BOX = f"/?account={ACCOUNT}&region=us-east-1"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine that stands for AWS."""
    with closing(ServedEngine(tmp_path / "aws")) as engine:
        engine.up()
        yield engine


@pytest.fixture
def box(tmp_path: Path) -> Iterator[JobFolder]:
    """A folder whose engine runs, and has run `broken` before its jobs moved."""
    (tmp_path / "box").mkdir()
    folder = JobFolder(tmp_path / "box")
    with closing(folder.served):
        folder.up()
        folder.run_job("broken")
        HandoverFile(folder.served.data, "reports").write(Handover("ends", "2026-01-01T00:00:59Z"))
        yield folder


@pytest.fixture(autouse=True)
def aws_settings(account: ServedEngine, box: JobFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `--aws` mean the account, in another region than the box's."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in {**keys, "AWS_ENDPOINT_URL": account.url, "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)


@contextmanager
def started_console(folder: JobFolder) -> Iterator[tuple[str, list[str]]]:
    """Run `console --aws` in a folder; yield its URL, and what it printed before."""
    with folder.start_command("console", "--aws", "--port", "0") as process:
        assert process.stderr is not None
        printed = list[str]()
        try:
            for line in process.stderr:
                if found := re.search(r"is at (http://127\S+)/$", line):
                    yield found[1], printed
                    break
                printed.append(line)
        finally:
            process.send_signal(signal.SIGTERM)


def read(url: str) -> str:
    with urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("runs", [True, False])
def test_the_console_of_aws_shows_the_runs_of_the_box_as_a_second_place(box: JobFolder, *, runs: bool) -> None:
    if not runs:
        box.served.kill(signal.SIGTERM)
    with started_console(box) as (url, printed):
        assert ["does not run: this is its state" in line for line in printed] == [True] * (not runs)
        first = read(f"{url}/jobs")
        assert [each[1:] for each in CHOICE.findall(first)] == [("AWS", "eu-west-1"), ("This box", "us-east-1")]
        assert '<span class="what">AWS</span> <span class="mono">eu-west-1</span>' in first
        assert "reports-broken" not in first
        jobs = read(url + BOX.replace("/?", "/jobs?"))
        assert '<span class="what">This box</span> <span class="mono">us-east-1</span>' in jobs
        (job,) = set(re.findall(r'href="(/jobs/[^"?]*:reports-broken)"', jobs))
        runs_of_job = read(f"{url}{html.unescape(job)}")
        paths = sorted({html.unescape(each) for each in re.findall(r'href="(/runs/[^"?#]*)"', runs_of_job)})
        with ThreadPoolExecutor(8) as threads:
            pages = list(threads.map(read, [f"{url}{path}" for path in paths] * 8))
        assert all("exit code 4" in page for page in pages[: len(paths)])
        assert any("no disk" in page for page in pages)


def test_a_box_that_cannot_be_read_does_not_hide_aws(box: JobFolder) -> None:
    (box.served.data / "handover.json").write_text("{")
    with started_console(box) as (url, printed):
        assert ["handover.json cannot be read: restore it" in line for line in printed] == [True]
        assert "This box" not in read(url)


def test_without_a_move_the_console_of_aws_shows_aws_only(box: JobFolder) -> None:
    (box.served.data / "handover.json").unlink()
    with started_console(box) as (url, printed):
        assert (printed, CHOICE.findall(read(url))) == ([], [])


def test_a_box_that_does_not_answer_is_named_and_does_not_hide_aws(box: JobFolder) -> None:
    write_address(box.served.data, EngineAddress("http://127.0.0.1:1", "http://127.0.0.1:1", "us-east-1"))
    with started_console(box) as (url, printed):
        assert ["the engine at http://127.0.0.1:1 does not answer" in line for line in printed] == [True]
        assert "This box" not in read(url)
