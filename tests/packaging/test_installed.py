"""What a user gets with `pip install lamplighter`: everything of the README works without the development tools."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from urllib.request import urlopen

import pytest

from lamplighter import __version__
from tests.packaging.distributions import ROOT, build, make_environment, wheel_of

ARTICLE = ROOT / "examples" / "article"
MAX_BYTES = 200_000_000
"""The most bytes of a plain install: the files of all wheels, without pip and without compiled modules."""
STATIC_FILE = re.compile(r'(?:src|href)="(/static/[^"]+)"')


@pytest.mark.index
def test_the_wheel_runs_the_article_s_batch_without_the_tools_of_development(tmp_path: Path) -> None:
    build(ROOT, tmp_path / "dist", "--wheel")
    programs = make_environment(tmp_path / "environment", str(wheel_of(tmp_path / "dist")))
    assert installed_bytes(programs.parent) < MAX_BYTES
    folder = tmp_path / "jobs"
    folder.mkdir()
    assert call(folder, programs / "lamplighter", "--version") == f"{__version__}\n"
    assert "lamplighter.yaml" in call(folder, programs / "lamplighter", "init")
    with engine(folder, programs) as url:
        page = read(url)
        files = STATIC_FILE.findall(page)
        assert files
        assert [file for file in files if not read(f"{url}{file}")] == []
    output = call(shutil.copytree(ARTICLE, tmp_path / "article"), programs / "python", "demo.py")
    events = ["attempt 1 failed", "kill -9", "succeeded after", "failed after", "a mail to team@example.com"]
    assert re.search(".*".join(events), output, re.DOTALL), output


def installed_bytes(environment: Path) -> int:
    """Return the size of all distributions of a virtual environment except pip and what came with it."""
    (packages,) = environment.glob("lib/python*/site-packages")
    found = [each for each in distributions(path=[str(packages)]) if each.name not in ("pip", "setuptools")]
    files = {Path(str(file.locate())) for each in found for file in each.files or []}
    return sum(file.stat().st_size for file in files if file.exists() and packages in file.parents)


@contextmanager
def engine(folder: Path, programs: Path) -> Iterator[str]:
    """Run `lamplighter up` in a folder, and yield its URL; Ctrl-C ends it."""
    command = [str(programs / "lamplighter"), "up", "--port", "0", "--runtime", "process"]
    with subprocess.Popen(command, cwd=folder, env=bare_environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = next(filter(None, (re.search(r"console is at (http://\S+)/", line) for line in process.stderr)))
            yield found[1]
        finally:
            process.terminate()
            process.communicate()
    assert process.returncode == 0


def call(folder: Path, *command: str | Path) -> str:
    """Run a command in a folder and return its output."""
    done = subprocess.run(
        command, cwd=folder, env=bare_environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def bare_environment() -> dict[str, str]:
    """Return the environment of a user: nothing leads to the development environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def read(url: str) -> str:
    """Return the text at a URL."""
    with urlopen(url, timeout=60) as answer:
        return str(answer.read().decode())
