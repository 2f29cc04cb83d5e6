"""Test the text of alerts: unknown values are omitted, and quoted text contains no control characters."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lamplighter.runs.failures.failure_words import exit_words
from lamplighter.runs.local_times import format_local_time
from lamplighter.runs.printable_text import MAX_SUBJECT_LENGTH, printable_line
from lamplighter.services.alerts.alert_text import (
    Alert,
    Times,
    alert_body,
    alert_subject,
)

ALERT = Alert("nightly failed", "reports")


def test_unknown_values_are_omitted() -> None:
    assert alert_body(ALERT, "http://box/") == "nightly failed\n\nProject:   reports\n"


def test_exit_code_zero_is_shown() -> None:
    assert "Exit code: 0\n" in alert_body(replace(ALERT, exit_code=0), "http://box")


def test_the_text_links_to_the_run_in_the_console() -> None:
    assert "Look at:   http://box/runs/arn:x\n" in alert_body(replace(ALERT, run="arn:x"), "http://box/")


@given(st.text(max_size=50))
def test_a_log_line_stays_one_line_and_has_no_control_characters(line: str) -> None:
    found = printable_line(line, 20)
    assert len(found) <= 21
    assert not any(ord(each) < 32 and each != "\t" for each in found)


def test_an_exit_code_has_its_meaning_and_a_killed_container_its_reason() -> None:
    assert "Exit code: 143: it was terminated (SIGTERM)\n" in alert_body(replace(ALERT, exit_code=143), "http://box")
    assert exit_words(137, "OutOfMemoryError: Container killed due to memory usage") == (
        "killed, out of memory (exit code 137)"
    )
    assert [exit_words(code, None) for code in (137, 127, 2)] == [
        "killed (exit code 137)",
        "command not found (exit code 127)",
        "exit code 2",
    ]


def test_a_reason_that_the_headline_states_is_not_repeated() -> None:
    alert = replace(ALERT, headline="nightly failed: no room", reason="no room")
    assert "Reason:" not in alert_body(alert, "http://box")


def test_times_are_local_times_of_the_job_s_zone_even_when_the_clocks_change() -> None:
    end = 1_774_746_000_000 + 60_000  # a minute after 01:00 UTC on 29 March 2026
    times = Times(scheduled=end - 1_800_000 - 60_000, started=end - 1_800_000, ended=end, zone="Europe/Berlin")
    assert (
        "Scheduled: Sun 2026-03-29 01:30 (Europe/Berlin)\n"
        "Started:   Sun 2026-03-29 01:31:00 (Europe/Berlin)\n"
        "Ended:     Sun 2026-03-29 03:01:00 (Europe/Berlin)\n"
        "Duration:  30 min 00 s\n"
    ) in alert_body(replace(ALERT, times=times), "http://box")


def test_an_unknown_zone_is_replaced_by_utc() -> None:
    assert format_local_time(0, "No/Where") == "Thu 1970-01-01 00:00:00 (UTC)"


def test_a_long_subject_is_cut_before_its_last_words() -> None:
    alert = replace(ALERT, headline=f"nightly failed: {'x' * 200}", headline_end=" after 3 attempts")
    assert alert_subject(alert).endswith("x... after 3 attempts")
    assert len(alert_subject(alert)) == MAX_SUBJECT_LENGTH
