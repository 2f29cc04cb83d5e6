"""An account at moto, for one test."""

from collections.abc import Iterator

import pytest

from tests.cli.account import account


@pytest.fixture
def aws() -> Iterator[str]:
    """The URL of an account in which there is nothing yet."""
    with account() as url:
        yield url
