"""What a user gets with `pip install lamplighter`: everything of the README works without the development tools."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from typing import IO
from urllib.request import urlopen

import pytest

from lamplighter import __version__
from tests.packaging.distributions import ROOT, build, make_environment, wheel_of

ARTICLE = ROOT / "examples" / "article"
MAX_BYTES = 62 * 2**20
"""The most bytes of a plain install, 62 MB: the files of all wheels, without pip and without compiled modules."""
MAX_SECONDS = 300
"""The longest time of an engine whose output a test waits for."""
INSTALL = "pip install 'lamplighter[aws]'"
SAM_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources: {F: {Type: "AWS::Serverless::Function"}}
"""
STATIC_FILE = re.compile(r'(?:src|href)="(/static/[^"]+)"')


@pytest.mark.index
def test_the_wheel_runs_the_article_s_batch_without_the_tools_of_development(tmp_path: Path) -> None:
    build(ROOT, tmp_path / "dist", "--wheel")
    programs = make_environment(tmp_path / "environment", str(wheel_of(tmp_path / "dist")))
    assert installed_bytes(programs.parent) < MAX_BYTES
    folder = tmp_path / "jobs"
    folder.mkdir()
    check_first_steps(folder, programs)
    check_missing_extras(folder, programs)
    output = call(shutil.copytree(ARTICLE, tmp_path / "article"), programs / "python", "demo.py")
    events = ["attempt 1 failed", "kill -9", "succeeded after", "failed after", "a mail to team@example.com"]
    assert re.search(".*".join(events), output, re.DOTALL), output


def check_first_steps(folder: Path, programs: Path) -> None:
    """Check that the first steps of the README work: a job file, an engine, its console, a run."""
    assert call(folder, programs / "lamplighter", "--version") == f"{__version__}\n"
    assert "lamplighter.yaml" in call(folder, programs / "lamplighter", "init")
    with engine(folder, programs) as output:
        url = find(output, r"console is at (http://\S+)/")
        files = STATIC_FILE.findall(read(url))
        assert files
        assert [file for file in files if not read(f"{url}{file}")] == []
        assert "hello" in call(folder, programs / "lamplighter", "ps")


def check_missing_extras(folder: Path, programs: Path) -> None:
    """Check that what needs an extra names the command that installs it."""
    for code, words in ((1, ["ps", "--aws"]), (2, ["diff"]), (1, ["console", "--aws"])):
        assert INSTALL in call(folder, programs / "lamplighter", *words, expected=code)
    (folder / "sam.yaml").write_text(SAM_TEMPLATE)
    with engine(folder, programs, "--template", "sam.yaml", "--data", "sam") as output:
        assert find(output, f"(Serverless.*{re.escape(INSTALL)})")


def installed_bytes(environment: Path) -> int:
    """Return the size of all distributions of a virtual environment except pip and what came with it."""
    (packages,) = environment.glob("lib/python*/site-packages")
    found = [each for each in distributions(path=[str(packages)]) if each.name not in ("pip", "setuptools")]
    files = {Path(str(file.locate())) for each in found for file in each.files or []}
    return sum(file.stat().st_size for file in files if file.exists() and packages in file.parents)


@contextmanager
def engine(folder: Path, programs: Path, *options: str) -> Iterator[IO[str]]:
    """Run `lamplighter up` in a folder, and yield its output; a signal ends it, and it is killed if that takes long."""
    command = [str(programs / "lamplighter"), "up", "--port", "0", "--runtime", "process", *options]
    with subprocess.Popen(command, cwd=folder, env=bare_environment(), stderr=subprocess.PIPE, text=True) as process:
        guard = threading.Timer(MAX_SECONDS, process.kill)
        guard.start()
        try:
            assert process.stderr is not None
            yield process.stderr
        finally:
            process.terminate()
            process.communicate()
            guard.cancel()
    assert process.returncode == 0


def find(output: IO[str], pattern: str) -> str:
    """Return what the group of the pattern matches in the next line that has it."""
    return next(found[1] for line in output if (found := re.search(pattern, line)))


def call(folder: Path, *command: str | Path, expected: int = 0) -> str:
    """Run a command in a folder and return its output."""
    done = subprocess.run(
        command, cwd=folder, env=bare_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def bare_environment() -> dict[str, str]:
    """Return the environment of a user: nothing leads to the development environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def read(url: str) -> str:
    """Return the text at a URL."""
    with urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
