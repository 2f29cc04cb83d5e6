"""A short storm over all services together, and proofs that a storm detects lost and doubled work."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.storm import Storm
from tests.served_engine import eventually

KILLS = 5
KINDS = {"execution", "express", "sqs", "fifo", "sns", "http", "events", "scheduler", "logs", "stack"}


def test_kills_lose_double_and_stop_no_work_of_any_service(tmp_path: Path) -> None:
    storm = Storm(tmp_path, seed=1)

    def all_accepted() -> bool:
        return {item.kind for item, _ in storm.ledger.accepted_items(*KINDS)} == KINDS

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
