"""Judges the states that a power cut leaves: the database opens, is whole, and holds what customers were told."""

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

from lamplighter.base.errors import AwsError
from lamplighter.base.world import manual_world
from tests.chaos.recorded_night import DELETED, QUEUE, SENT, STARTED, Recorded, digest
from tests.engine_harness import SECOND, EngineHarness, chain

PATIENCE = 60
"""Seconds of virtual time after which all must be done."""
DATABASE = "lamplighter.db"


def put(directory: Path, files: Mapping[str, bytes]) -> None:
    """Make the directory hold these files, and no others."""
    directory.mkdir(exist_ok=True)
    for there in directory.iterdir():
        if there.name not in files:
            there.unlink()
    for name, content in files.items():
        (directory / name).write_bytes(content)


def judge(directory: Path, recorded: Recorded, point: int) -> str | None:
    """What is wrong with the database in a directory after a cut at a point of the log; None: nothing."""
    try:
        with closing(sqlite3.connect(directory / DATABASE, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")  # It is thrown away after this.
            return _look(connection, recorded, point)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return f"it cannot be read: {error}"


def revive(directory: Path, recorded: Recorded, point: int) -> None:
    """Start an engine on what a cut at a point of the log left: it takes up all that was begun, and takes new work."""
    site = EngineHarness(directory)
    site.clock.advance(recorded.end - site.clock.now())
    site._world = manual_world(site.clock, seed=point + 1)  # Names never repeat: those of the night are taken.
    site.up()
    told = [fact for fact in recorded.facts if fact.since <= point < fact.until]
    for _ in range(PATIENCE):
        _answer(site, recorded.tokens)
        site.advance(SECOND)
    for execution in [fact.parameter for fact in told if fact.sql == STARTED]:
        assert site.status(execution) == "SUCCEEDED", execution
    messages = _receive_all(site)
    assert messages >= {fact.parameter for fact in told if fact.sql == SENT}
    assert not messages & {fact.parameter for fact in told if fact.sql == DELETED}
    new = site.start(site.machine(chain({"Type": "Pass"}), "new"))
    site.settle()
    assert site.status(new) == "SUCCEEDED"
    site.close()


def _answer(site: EngineHarness, tokens: list[str]) -> None:
    """Answer for all containers that have a token, those of the dead engine too, also if that was done before."""
    new = [each.environment["TOKEN"] for each in site.runtime.begun.values() if "TOKEN" in each.environment]
    for token in [*tokens, *new]:
        with suppress(AwsError):
            site.call("states", "SendTaskSuccess", taskToken=token, output="{}")


def _receive_all(site: EngineHarness) -> set[str]:
    found: set[str] = set()
    with suppress(AwsError):  # The cut may have come before there was a queue.
        while page := site.call("sqs", "ReceiveMessage", QueueUrl=QUEUE, MaxNumberOfMessages=10).get("Messages"):
            found |= {message["MessageId"] for message in page}
    return found


def _look(connection: sqlite3.Connection, recorded: Recorded, point: int) -> str | None:
    ((whole,),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if whole != "ok":
        return f"it is damaged: {whole}"
    for fact in recorded.facts:
        if fact.since <= point < fact.until and not connection.execute(fact.sql, (fact.parameter,)).fetchone():
            return f"it has lost what was told: {fact.sql} {fact.parameter}"
    return _compare(digest(connection), recorded, point)


def _compare(held: str, recorded: Recorded, point: int) -> str | None:
    """A database is as its last commit left it, or as one did that had not returned yet."""
    returned = bisect_right([at for at, _ in recorded.commits], point)
    if not returned:
        return None  # No customer came before the tables were made.
    if held not in [content for _, content in recorded.commits[returned - 1 : returned + 1]]:
        return "it is not as any commit left it that it could be as"
    return None
