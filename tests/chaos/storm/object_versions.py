"""A bucket with versioning: every acknowledged version is kept until its deletion is acknowledged."""

import random

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.registers.objects import make_body, make_value
from tests.chaos.storm.resources import VERSIONED, Resources
from tests.served_engine import ServedEngine

KEYS = 5


def put_version(calls: ClientCalls, _resources: Resources, name: str, rng: random.Random) -> None:
    """Put a version, and sometimes delete it for ever, or hide the object by a delete marker."""
    key, value = f"key-{rng.randrange(KEYS)}", make_value(rng)
    answer = calls.repeat((), "s3", "put_object", Bucket=VERSIONED, Key=key, Body=make_body(value))
    version = answer["VersionId"]
    calls.ledger.record_acceptance(WorkItem("version", f"{key} {version}"), value)
    choice = rng.random()
    if choice < 0.4:
        calls.ledger.record_request(WorkItem("deleted version", f"{key} {version}"))
        calls.repeat((), "s3", "delete_object", Bucket=VERSIONED, Key=key, VersionId=version)
        calls.ledger.record_acceptance(WorkItem("deleted version", f"{key} {version}"))
    elif choice < 0.6:
        calls.repeat((), "s3", "delete_object", Bucket=VERSIONED, Key=key)


def check_versions(served: ServedEngine, ledger: Ledger, figures: Figures) -> None:
    """Read every acknowledged version; one whose deletion was acknowledged must be gone."""
    s3 = served.client("s3")
    deleted = {item.name for item, _ in ledger.accepted_items("deleted version")}
    for item, value in ledger.accepted_items("version"):
        key, version = item.name.split()
        body = _read_version(s3, key, version)
        if item.name in deleted and body is not None:
            figures.lost.append(f"{item} is there again after its deletion")
        if (
            item.name not in deleted
            and body != make_body(value)
            and not ledger.was_requested(WorkItem("deleted version", item.name))
        ):
            figures.lost.append(f"{item}: {'no body' if body is None else f'another body of {len(body)} bytes'}")


def _read_version(s3: Json, key: str, version: str) -> bytes | None:
    try:
        body: bytes = s3.get_object(Bucket=VERSIONED, Key=key, VersionId=version)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchVersion":
            return None
        raise
    return body
