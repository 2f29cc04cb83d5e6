"""An alert as people read it: what is not known is left out, and what others wrote cannot be more than text."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.services.alerts.alert_text import MAX_SUBJECT_LENGTH, Alert, alert_body, alert_subject, printable_line

ALERT = Alert("reports: nightly failed", "A headline.", None, None, None, None, None, "2026-01-01T00:00:00Z")


def test_what_is_not_known_is_left_out() -> None:
    assert alert_body(ALERT, "http://box/") == "A headline.\n\nTime:      2026-01-01T00:00:00Z\n"


def test_an_exit_code_of_nothing_is_one() -> None:
    assert "Exit code: 0\n" in alert_body(replace(ALERT, exit_code=0), "http://box")


def test_a_link_leads_to_the_console() -> None:
    assert "Look at:   http://box/runs/arn:x\n" in alert_body(replace(ALERT, run="arn:x"), "http://box/")


@given(st.text(max_size=50))
def test_a_line_of_a_log_stays_one_line_and_has_no_control_characters(line: str) -> None:
    found = printable_line(line, 20)
    assert len(found) <= 21
    assert not any(ord(each) < 32 and each != "\t" for each in found)


def test_colours_are_taken_out() -> None:
    assert printable_line("\x1b[1;31mERROR\x1b[0m it broke\r\n", 500) == " ERROR  it broke"


@given(st.text(max_size=200))
def test_a_subject_is_what_sns_takes(name: str) -> None:
    found = alert_subject(replace(ALERT, subject=name))
    assert len(found) <= MAX_SUBJECT_LENGTH
    assert found.isascii()
