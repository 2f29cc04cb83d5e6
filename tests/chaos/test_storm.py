"""A short storm over all services together, and proofs that a storm detects lost and doubled work."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.registers.register_clients import KINDS as REGISTERS
from tests.chaos.storm.storm import Storm
from tests.chaos.storm.written_values import WrittenValues
from tests.served_engine import eventually

KILLS = 5
KINDS = {
    *("execution", "express", "sqs", "fifo", "sns", "http", "events", "scheduler", "logs", "stack"),
    *("version", "change set", "metric", "session"),
}
DAMAGED_TABLES = (*("ssm_parameters", "secret_versions", "iam_role_policies", "capacity_providers", "metric_points"),)
"""Tables whose rows a test deletes."""


def test_kills_lose_double_and_stop_no_work_of_any_service(tmp_path: Path) -> None:
    storm = Storm(tmp_path, seed=1)

    def all_accepted() -> bool:
        values = storm.ledger.values
        written = {name.partition("-")[0] for name in values.names() if values.begin_read(name)}
        return {item.kind for item, _ in storm.ledger.accepted_items(*KINDS)} == KINDS and written == REGISTERS.keys()

    storm.before_the_end = lambda: eventually(all_accepted, 300)
    figures = storm.run(lambda kills: kills < KILLS)
    assert (figures.lost, figures.doubled, figures.stuck) == ([], [], [])
    assert figures.kills == KILLS
    assert figures.calls >= len(KINDS)


def test_a_storm_detects_an_engine_that_loses_accepted_work(tmp_path: Path) -> None:
    storm = Storm(tmp_path, seed=2, timeout=1)
    deleted: list[WorkItem] = []

    def accepted() -> list[WorkItem]:
        return [item for item, _ in storm.ledger.accepted_items("logs", "execution")]

    def delete_accepted_rows() -> None:
        """Delete the log and the executions from the database while no engine runs."""
        eventually(lambda: {item.kind for item in accepted()} == {"logs", "execution"}, 300)
        storm.served.kill()
        deleted.extend(accepted())
        with closing(sqlite3.connect(storm.served.data / "lamplighter.db")) as connection, connection:
            connection.execute("DELETE FROM log_chunks")
            connection.execute("DELETE FROM executions")
        storm.served.up("--quiet")

    storm.before_the_end = delete_accepted_rows
    lost = "\n".join(storm.run(lambda _: False).lost)
    assert deleted
    for item in deleted:
        assert str(item) in lost


def test_a_storm_detects_an_engine_that_loses_stored_values(tmp_path: Path) -> None:
    """Rows and files disappear while no engine runs, and a body is replaced by a mixture of two."""
    storm = Storm(tmp_path, seed=3, timeout=1)
    lost: list[str] = []

    def current(kind: str) -> list[str]:
        values = storm.ledger.values
        return [name for name in values.names() if name.startswith(f"{kind}-") and values.current(name) is not None]

    def exists() -> bool:
        kinds = ("object", "uploaded", "parameter", "secret", "role", "provider")
        versions = list(storm.ledger.accepted_items("version", "metric"))
        return all(map(current, kinds)) and len({item.kind for item, _ in versions}) == 2

    def damage() -> None:
        eventually(exists, 300)
        storm.stop_clients()
        storm.served.kill()
        lost.extend(name for kind in ("parameter", "secret", "role", "provider") for name in current(kind))
        with closing(sqlite3.connect(storm.served.data / "lamplighter.db")) as connection, connection:
            for table in DAMAGED_TABLES:
                connection.execute(f"DELETE FROM {table}")
            key = current("object")[0]
            select = "SELECT file FROM s3_versions WHERE key = ? AND is_latest = 1"
            ((mixed,),) = connection.execute(select, (key,)).fetchall()
            ((gone,),) = connection.execute(select, (current("uploaded")[0],)).fetchall()
        objects = storm.served.data / "objects"
        content = (objects / mixed[:2] / mixed).read_bytes()
        (objects / mixed[:2] / mixed).write_bytes(content[:-10] + b"of another")
        (objects / gone[:2] / gone).unlink()
        lost.extend((f"storm-objects/{key}: Expected checksum", f"the row of the file {gone} has no file"))
        lost.extend(("cannot be read", "the metric has 0 of"))
        storm.served.up("--quiet")

    storm.before_the_end = damage
    found = "\n".join(storm.run(lambda _: False).lost)
    for fault in lost:
        assert fault in found


def test_a_register_has_its_last_acknowledged_value_or_a_later_one() -> None:
    values = WrittenValues()
    for value in ("a", "b", "c"):
        values.begin("name", value)
        values.acknowledge("name")
    since = values.begin_read("name")
    values.begin("name", None)
    values.begin("name", "d")
    possible = [value for value in ("a", "b", "c", None, "d", "e") if values.is_possible("name", since, value)]
    assert possible == ["c", None, "d"]
    assert values.current("name") == "c"


def test_work_that_arrives_more_often_than_requested_is_doubled() -> None:
    ledger, once, twice, webhook = Ledger(), WorkItem("fifo", "a"), WorkItem("sns", "b"), WorkItem("http", "c")
    for item in (once, once, twice, twice, webhook):
        ledger.record_request(item)
        ledger.record_acceptance(item)
    for item, identities in ((once, "12"), (twice, "12"), (webhook, "12")):
        for identity in identities:
            ledger.record_arrival(item, identity)
    figures = Figures()
    ledger.count_duplicates(figures)
    assert figures.doubled == [f"{once}: 2 came, 1 asked for"]
    assert figures.repeated == {"http": 1, "sns": 0, "fifo": 0}


def test_a_message_that_is_received_again_is_not_doubled() -> None:
    ledger, item = Ledger(), WorkItem("sqs", "a")
    ledger.record_request(item)
    ledger.record_arrival(item, "1")
    ledger.record_arrival(item, "1")
    figures = Figures()
    ledger.count_duplicates(figures)
    assert (figures.doubled, figures.repeated["sqs"], figures.ok) == ([], 1, True)


def test_accepted_work_that_never_arrives_is_missing() -> None:
    ledger, arrived, accepted, requested = Ledger(), WorkItem("sqs", "a"), WorkItem("sqs", "b"), WorkItem("sqs", "c")
    for item in (arrived, accepted, requested):
        ledger.record_request(item)
    ledger.record_acceptance(arrived)
    ledger.record_acceptance(accepted)
    ledger.record_arrival(arrived, "1")
    assert ledger.missing("sqs") == [str(accepted)]
