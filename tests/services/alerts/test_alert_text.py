"""Test the text of alerts: unknown values are omitted, and quoted text contains no control characters."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.services.alerts.alert_text import MAX_SUBJECT_LENGTH, Alert, alert_body, alert_subject, printable_line

ALERT = Alert("reports: nightly failed", "A headline.", None, None, None, None, None, "2026-01-01T00:00:00Z")


def test_unknown_values_are_omitted() -> None:
    assert alert_body(ALERT, "http://box/") == "A headline.\n\nTime:      2026-01-01T00:00:00Z\n"


def test_exit_code_zero_is_shown() -> None:
    assert "Exit code: 0\n" in alert_body(replace(ALERT, exit_code=0), "http://box")


def test_the_text_links_to_the_run_in_the_console() -> None:
    assert "Look at:   http://box/runs/arn:x\n" in alert_body(replace(ALERT, run="arn:x"), "http://box/")


@given(st.text(max_size=50))
def test_a_log_line_stays_one_line_and_has_no_control_characters(line: str) -> None:
    found = printable_line(line, 20)
    assert len(found) <= 21
    assert not any(ord(each) < 32 and each != "\t" for each in found)


def test_colour_codes_are_removed() -> None:
    assert printable_line("\x1b[1;31mERROR\x1b[0m it broke\r\n", 500) == " ERROR  it broke"


@given(st.text(max_size=200))
def test_a_subject_is_valid_for_sns(name: str) -> None:
    found = alert_subject(replace(ALERT, subject=name))
    assert len(found) <= MAX_SUBJECT_LENGTH
    assert found.isascii()
