"""Fixtures of the tests of the Parameter Store: a client of boto3."""

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount


@pytest.fixture
def ssm(account: EngineAccount) -> Json:
    """Return a client of Systems Manager."""
    return account.client("ssm")
