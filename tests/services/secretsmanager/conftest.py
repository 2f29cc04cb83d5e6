"""Fixtures of the tests of Secrets Manager: a client of boto3."""

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount


@pytest.fixture
def secrets(account: EngineAccount) -> Json:
    """Return a client of Secrets Manager."""
    return account.client("secretsmanager")
