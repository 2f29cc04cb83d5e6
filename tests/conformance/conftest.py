"""What the recorded cases share: the program that plays them, and an engine."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.conformance.recorded import replayer
from tests.served_engine import ServedEngine


@pytest.fixture(scope="session")
def replay() -> ModuleType:
    """The program that plays cases."""
    return replayer()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """One engine for all cases of a pytest worker: cases name what they make apart."""
    yield from _up(tmp_path_factory)


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """An engine for one case."""
    yield from _up(tmp_path_factory)


def _up(directories: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    engine = ServedEngine(directories.mktemp("recorded") / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def plain_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer botocore adds "(reached max retries: 0)" to messages, unless it retries in its old mode."""
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
