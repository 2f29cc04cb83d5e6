"""Fixtures of the tests of S3: a client of boto3, and a bucket."""

import pytest

from lamplighter.base.json_text import Json
from tests.served_engine import EngineAccount


@pytest.fixture
def s3(account: EngineAccount) -> Json:
    """Return a client of S3."""
    return account.client("s3")


@pytest.fixture
def bucket(account: EngineAccount, s3: Json) -> str:
    """Return the name of a new bucket; names are unique in an engine."""
    name = f"bucket-{account.account_id}"
    s3.create_bucket(Bucket=name)
    return name
