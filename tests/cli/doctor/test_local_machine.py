"""`doctor` says what is wrong with the engine of this folder, and what to do about it."""

from lamplighter.cli.doctor.finding import bad, good
from lamplighter.cli.doctor.local_machine import check_engine, with_refusal
from lamplighter.engine.health import Condition, Health


def test_an_engine_with_a_damaged_database_is_bad_and_the_advice_is_that_of_the_condition() -> None:
    damaged = Condition("database-damaged", "the database is damaged: malformed", stops_work=True)
    found = check_engine("http://127.0.0.1:1", Health((damaged,)).body(), "lamplighter up")
    assert (found.state, found.advice) == ("bad", damaged.advice)
    assert "is not healthy: the database is damaged: malformed" in found.says
    assert "restore a backup" in found.advice


def test_a_mail_server_that_accepts_the_beginning_of_a_mail_and_refuses_mails_is_bad() -> None:
    accepted = good("mail", "mail.example.com, port 25, accepts mail from us@example.com")
    assert with_refusal(accepted, None) == accepted
    refused = with_refusal(accepted, "554 no spam")
    assert (refused.state, refused.says) == ("bad", f"{accepted.says}, but mails are refused: 554 no spam")
    silent = bad("mail", "mail.example.com, port 25, does not answer as a mail server")
    assert with_refusal(silent, "554 no spam") == silent
