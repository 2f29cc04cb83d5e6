"""What the tests of verbs share."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.account import account
from tests.cli.batch import Batch
from tests.cli.home import Home


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """A folder whose jobs are on an engine that runs plain processes; its jobs do not change."""
    made = Batch(tmp_path_factory.mktemp("batch"))
    made.up()
    yield made
    made.served.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A folder of one's own, and what runs there."""
    made = Home(tmp_path)
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
