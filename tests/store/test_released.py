"""Any database of a released version opens in this version: all of it can be read, and its work continues.

`make_released_database.py` makes the databases. A version that is released without one fails here.
"""

import asyncio
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter import __version__
from lamplighter.base.json_text import Json, loads
from lamplighter.engine.data_check.check_directory import check_directory
from lamplighter.store.db import Store
from tests.engine_harness import HOUR
from tests.manual_world import ManualClock, manual_world
from tests.store.make_released_database import FOLDER
from tests.store.released_data import CONTINUES, MINUTE, ReleasedHarness, queue_url, read_everything

VERSIONS = sorted(each.name.removesuffix(".db.gz") for each in FOLDER.glob("*.db.gz"))
PRE_RELEASE = re.compile(r"(a|b|rc|\.dev)[0-9]+")
NEW_IDS = 4711
"""A seed for ids that no fixture has."""


OPAQUE = "Token"
"""The end of the names of tokens, whose text may change."""
LEFT_OUT = ".RetainExceptOnCreate"
"""The end of the path of a flag that is left out since it is known that AWS leaves it out unless it is set."""


def unpack(version: str, directory: Path) -> Json:
    """Unpack a fixture's database into a new data directory; return the time of the fixture, and its answers."""
    directory.mkdir(mode=0o700)
    database = directory / "lamplighter.db"
    database.touch(mode=0o600)
    database.write_bytes(gzip.decompress((FOLDER / f"{version}.db.gz").read_bytes()))
    return loads(gzip.decompress((FOLDER / f"{version}.json.gz").read_bytes()))


def missing(recorded: Json, found: Json, path: str = "") -> Iterator[str]:
    """Yield what was recorded and is not found; a later version may answer with more members, and with other tokens."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        for name, value in recorded.items():
            yield from missing(value, found.get(name), f"{path}.{name}")
    elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        for at, (one, other) in enumerate(zip(recorded, found, strict=True)):
            yield from missing(one, other, f"{path}[{at}]")
    elif path.endswith(OPAQUE) and recorded and found:
        return
    elif recorded != found and not (recorded is False and found is None and path.endswith(LEFT_OUT)):
        yield f"{path}: {recorded!r} is now {found!r}"


def test_a_released_version_has_a_fixture() -> None:
    assert __version__ in VERSIONS or PRE_RELEASE.search(__version__), (
        f"version {__version__} has no database in {FOLDER}: run `python -m tests.store.make_released_database`"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_all_that_the_api_answered_about_a_released_database_it_still_answers(version: str, tmp_path: Path) -> None:
    recorded = unpack(version, tmp_path / "data")
    asyncio.run(bring_to_present_schema(tmp_path / "data", recorded["now"]))
    found = read_everything(tmp_path / "data", recorded["now"])
    assert list(missing(recorded["answers"], found)) == []
    assert [each for each in check_directory(tmp_path / "data") if each.is_problem] == []


async def bring_to_present_schema(directory: Path, now: int) -> None:
    """Open and close a database, without doing any of its work."""
    await Store(directory, manual_world(ManualClock(now))).close()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_executions_of_a_released_database_continue_to_their_ends_and_its_schedules_fire(
    version: str, tmp_path: Path
) -> None:
    recorded = unpack(version, tmp_path / "data")
    harness = ReleasedHarness(tmp_path / "data", NEW_IDS, recorded["now"])
    harness.up()
    running = running_executions(harness)
    assert sorted(running) == sorted(CONTINUES)
    before = inbox(harness)
    call_back(harness)
    for _ in range(31):
        harness.advance(MINUTE)
    assert {name: harness.status(arn) for name, arn in running.items()} == dict.fromkeys(running, "SUCCEEDED")
    assert inbox(harness).count("often") > before.count("often")
    assert b"a message that a webhook does not accept yet" in b"".join(each.body for each in harness.http.posts)
    assert '{"text":"the last one"}' in inbox(harness)
    job_runs = len(executions(harness, "nightly-report"))
    harness.advance(HOUR)
    assert len(executions(harness, "nightly-report")) > job_runs
    harness.close()


def executions(harness: ReleasedHarness, machine: str, **filters: str) -> list[Json]:
    arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"
    found: list[Json] = harness.call("states", "ListExecutions", stateMachineArn=arn, **filters)["executions"]
    return found


def running_executions(harness: ReleasedHarness) -> dict[str, str]:
    """Return the running executions of standard state machines, by the name of the machine."""
    machines = harness.call("states", "ListStateMachines")["stateMachines"]
    return {
        each["name"]: found["executionArn"]
        for each in machines
        if each["type"] == "STANDARD"
        for found in executions(harness, each["name"], statusFilter="RUNNING")
    }


def inbox(harness: ReleasedHarness) -> list[str]:
    """Return the bodies of the messages in the queue to which rules and schedules send."""
    arn = "arn:aws:sqs:us-east-1:123456789012:inbox"
    return [each["Body"] for each in harness.call("sqs", "PeekMessages", QueueArn=arn)["Messages"]]


def call_back(harness: ReleasedHarness) -> None:
    """Answer the callback and the activity that executions wait for."""
    (message,) = harness.call("sqs", "ReceiveMessage", QueueUrl=queue_url("dead"))["Messages"]
    harness.call("states", "SendTaskSuccess", taskToken=loads(message["Body"])["token"], output='"called"')
    activity = harness.call("states", "ListActivities")["activities"][0]["activityArn"]
    task = harness.call("states", "GetActivityTask", activityArn=activity)
    harness.call("states", "SendTaskSuccess", taskToken=task["taskToken"], output='"worked"')
