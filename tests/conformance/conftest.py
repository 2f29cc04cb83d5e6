"""Fixtures of the recorded cases: the program that plays them, and an engine."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.conformance.recorded import load_replayer
from tests.served_engine import ServedEngine


@pytest.fixture(scope="session")
def replay() -> ModuleType:
    """Load the program that plays cases."""
    return load_replayer()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """Start one engine for all cases of a pytest worker; the cases use different names."""
    yield from _start_engine(tmp_path_factory)


@pytest.fixture
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """Start an engine for one case."""
    yield from _start_engine(tmp_path_factory)


def _start_engine(directories: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    engine = ServedEngine(directories.mktemp("recorded") / "data")
    engine.up()
    yield engine
    engine.close()


@pytest.fixture(autouse=True)
def plain_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the legacy retry mode, because botocore otherwise adds "(reached max retries: 0)" to messages."""
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
