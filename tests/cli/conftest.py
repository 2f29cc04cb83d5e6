"""Fixtures for the tests of the commands."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.aws_account import start_moto
from tests.cli.job_folder import JobFolder
from tests.cli.up_folder import UpFolder
from tests.served_engine import ServedEngine


@pytest.fixture(scope="module")
def job_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobFolder]:
    """A folder whose jobs run on an engine with plain processes; tests do not change the jobs."""
    made = JobFolder(tmp_path_factory.mktemp("batch"))
    made.up()
    yield made
    made.served.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[UpFolder]:
    """A folder with the project `home` for `lamplighter up`."""
    made = UpFolder(tmp_path)
    yield made
    made.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ServedEngine]:
    """An engine without a job file."""
    served = ServedEngine(tmp_path / "data")
    served.up()
    yield served
    served.close()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of an AWS account that moto serves."""
    with start_moto() as url:
        yield url


@pytest.fixture
def aws(moto: str) -> str:
    """The URL of an empty AWS account that moto serves."""
    with urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")):
        return moto
