"""Fixtures of the recorded cases: the program that plays them."""

from types import ModuleType

import pytest

from tests.conformance.recorded import load_replayer


@pytest.fixture(scope="session")
def replay() -> ModuleType:
    """Load the program that plays cases."""
    return load_replayer()


@pytest.fixture(autouse=True)
def plain_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the legacy retry mode, because botocore otherwise adds "(reached max retries: 0)" to messages."""
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
