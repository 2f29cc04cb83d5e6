"""`doctor` says what is wrong with the engine of this folder, and what to do about it."""

from lamplighter.cli.doctor.local_machine import check_engine
from lamplighter.engine.health import Condition, Health


def test_an_engine_with_a_damaged_database_is_bad_and_the_advice_is_that_of_the_condition() -> None:
    damaged = Condition("database-damaged", "the database is damaged: malformed", stops_work=True)
    found = check_engine("http://127.0.0.1:1", Health((damaged,)).body())
    assert (found.state, found.advice) == ("bad", damaged.advice)
    assert "is not healthy: the database is damaged: malformed" in found.says
    assert "restore a backup" in found.advice
