"""A short storm over all services at once, and the proof that a storm finds what an engine loses or does twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.chaos.storm.ledger import Figures, Ledger, Wish
from tests.chaos.storm.storm import Storm
from tests.served_engine import eventually

KILLS = 5
KINDS = {"execution", "express", "sqs", "fifo", "sns", "http", "events", "scheduler", "logs", "stack"}


def test_customers_of_all_services_are_served_however_often_the_engine_is_killed(tmp_path: Path) -> None:
    storm = Storm(tmp_path, seed=1)

    def all_accepted() -> bool:
        return {wish.kind for wish, _ in storm.ledger.names(*KINDS)} == KINDS

    storm.before_the_end = lambda: eventually(all_accepted, 300)
    figures = storm.run(lambda kills: kills < KILLS)
    assert (figures.lost, figures.doubled, figures.stuck) == ([], [], [])
    assert figures.kills == KILLS
    assert figures.calls >= len(KINDS)


def test_a_storm_finds_out_an_engine_that_loses_what_it_accepted(tmp_path: Path) -> None:
    storm = Storm(tmp_path, seed=2, patience=1)
    stolen: list[Wish] = []

    def accepted() -> list[Wish]:
        return [wish for wish, _ in storm.ledger.names("logs", "execution")]

    def steal() -> None:
        """Empty the log and the list of executions behind the engine."""
        eventually(lambda: {wish.kind for wish in accepted()} == {"logs", "execution"}, 300)
        storm.served.kill()
        stolen.extend(accepted())
        with closing(sqlite3.connect(storm.served.data / "lamplighter.db")) as connection, connection:
            connection.execute("DELETE FROM log_chunks")
            connection.execute("DELETE FROM executions")
        storm.served.up("--quiet")

    storm.before_the_end = steal
    lost = "\n".join(storm.run(lambda _: False).lost)
    assert stolen
    for wish in stolen:
        assert str(wish) in lost


def test_what_comes_more_often_than_it_was_asked_for_is_doubled() -> None:
    ledger, once, twice, web = Ledger(), Wish("fifo", "a"), Wish("sns", "b"), Wish("http", "c")
    for wish in (once, once, twice, twice, web):
        ledger.ask(wish)
        ledger.accept(wish)
    for wish, identities in ((once, "12"), (twice, "12"), (web, "12")):
        for identity in identities:
            ledger.arrive(wish, identity)
    figures = Figures()
    ledger.settle(figures)
    assert figures.doubled == [f"{once}: 2 came, 1 asked for"]
    assert figures.again == {"http": 1, "sns": 0, "fifo": 0}


def test_a_message_that_is_received_again_is_not_doubled() -> None:
    ledger, wish = Ledger(), Wish("sqs", "a")
    ledger.ask(wish)
    ledger.arrive(wish, "1")
    ledger.arrive(wish, "1")
    figures = Figures()
    ledger.settle(figures)
    assert (figures.doubled, figures.again["sqs"], figures.good) == ([], 1, True)


def test_what_was_accepted_and_never_came_is_missing() -> None:
    ledger, came, accepted, asked = Ledger(), Wish("sqs", "a"), Wish("sqs", "b"), Wish("sqs", "c")
    for wish in (came, accepted, asked):
        ledger.ask(wish)
    ledger.accept(came)
    ledger.accept(accepted)
    ledger.arrive(came, "1")
    assert ledger.missing("sqs") == [str(accepted)]
