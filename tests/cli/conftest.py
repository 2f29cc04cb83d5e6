"""What the tests of verbs share."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.aws_account import account
from tests.cli.shared_run import SharedRun
from tests.cli.up_folder import UpFolder


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedRun]:
    """A folder whose jobs are on an engine that runs plain processes; its jobs do not change."""
    made = SharedRun(tmp_path_factory.mktemp("batch"))
    made.up()
    yield made
    made.served.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[UpFolder]:
    """A folder of one's own, and what runs there."""
    made = UpFolder(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The URL of an account at moto."""
    with account() as url:
        yield url


@pytest.fixture
def aws(moto: str) -> str:
    """The URL of an account at moto in which there is nothing yet."""
    with urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")):
        return moto
