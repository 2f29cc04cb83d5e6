"""Check the states that a power cut leaves: the database opens, is intact, and holds every acknowledged fact."""

import shutil
import sqlite3
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from lamplighter.base.errors import AwsError
from lamplighter.store.data_directory import OBJECTS
from tests.chaos.facts import WorkloadRecord
from tests.chaos.recorded_batch import (
    EXECUTION_EXISTS,
    MESSAGE_DELETED,
    MESSAGE_EXISTS,
    QUEUE,
    hash_content,
)
from tests.chaos.stored_files import find_stored_fault
from tests.chaos.storm.object_files import find_file_faults
from tests.engine_harness import SECOND, EngineHarness, chain
from tests.manual_world import manual_world

MAX_SECONDS = 60
"""Seconds of virtual time within which all work must end."""
DATABASE = "lamplighter.db"


def write_files(directory: Path, files: Mapping[str, bytes]) -> None:
    """Make the directory contain these files and no others."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)


def find_fault(directory: Path, recorded: WorkloadRecord, point: int) -> str | None:
    """Return what is wrong with the database after a cut at a point of the log, or None."""
    try:
        with closing(sqlite3.connect(directory / DATABASE, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")  # The database is not used after this.
            return _find_fault(connection, recorded, point) or find_stored_fault(directory, connection)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return f"it cannot be read: {error}"


def check_recovery(directory: Path, recorded: WorkloadRecord, point: int) -> None:
    """Start an engine on the files that a cut left; check that it completes the old work and accepts new work."""
    harness = EngineHarness(directory)
    harness.clock.advance(recorded.end - harness.clock.now())
    # Another seed, because the names of the recorded workload are taken.
    harness._world = manual_world(harness.clock, seed=point + 1)
    harness.up()
    facts = [fact for fact in recorded.facts if fact.since <= point < fact.until]
    for _ in range(MAX_SECONDS):
        _complete_tasks(harness, recorded.tokens)
        harness.advance(SECOND)
    for execution in [fact.parameter for fact in facts if fact.sql == EXECUTION_EXISTS]:
        assert harness.status(execution) == "SUCCEEDED", execution
    messages = _receive_all(harness)
    assert messages >= {fact.parameter for fact in facts if fact.sql == MESSAGE_EXISTS}
    assert not messages & {fact.parameter for fact in facts if fact.sql == MESSAGE_DELETED}
    if (directory / OBJECTS).is_dir():  # the engine has created the folder for the bodies of requests
        assert find_file_faults(directory) == []
    new = harness.start(harness.machine(chain({"Type": "Pass"}), "new"))
    harness.settle()
    assert harness.status(new) == "SUCCEEDED"
    harness.close()


def _complete_tasks(harness: EngineHarness, tokens: list[str]) -> None:
    """Complete the tasks of all containers with a token, also of the dead engine and also if completed before."""
    new = [each.environment["TOKEN"] for each in harness.runtime.started.values() if "TOKEN" in each.environment]
    for token in [*tokens, *new]:
        with suppress(AwsError):
            harness.call("states", "SendTaskSuccess", taskToken=token, output="{}")


def _receive_all(harness: EngineHarness) -> set[str]:
    found: set[str] = set()
    with suppress(AwsError):  # The cut may precede the creation of the queue.
        while page := harness.call("sqs", "ReceiveMessage", QueueUrl=QUEUE, MaxNumberOfMessages=10).get("Messages"):
            found |= {message["MessageId"] for message in page}
    return found


def _find_fault(connection: sqlite3.Connection, recorded: WorkloadRecord, point: int) -> str | None:
    ((result,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if result != "ok":
        return f"it is damaged: {result}"
    for fact in recorded.facts:
        if fact.since <= point < fact.until and not connection.execute(fact.sql, (fact.parameter,)).fetchone():
            return f"it has lost what was told: {fact.sql} {fact.parameter}"
    return _compare_with_commits(hash_content(connection), recorded, point)


def _compare_with_commits(content: str, recorded: WorkloadRecord, point: int) -> str | None:
    """Check that the content is that of the last commit, or of one that had not returned yet."""
    returned = bisect_right([at for at, _ in recorded.commits], point)
    if not returned:
        return None  # No request was answered before the tables existed.
    if content not in [committed for _, committed in recorded.commits[returned - 1 : returned + 1]]:
        return "it is not as any commit left it that it could be as"
    return None
