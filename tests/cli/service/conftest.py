"""Fixtures for the tests of `lamplighter service`."""

from pathlib import Path

import pytest

from tests.cli.service.fake_systemd import FakeSystemd


@pytest.fixture
def fake(tmp_path: Path) -> FakeSystemd:
    return FakeSystemd(tmp_path)
