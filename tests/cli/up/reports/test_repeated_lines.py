"""The log: repeated failures are logged once and then counted."""

import io
import logging
from dataclasses import dataclass, field

import pytest

from lamplighter.cli.up.reports.repeated_lines import MINUTE_MILLISECONDS, RepeatFilter
from tests.manual_world import ManualClock


@dataclass
class CapturedLog:
    """A separate log on a manual clock."""

    clock: ManualClock = field(default_factory=ManualClock)
    text: io.StringIO = field(default_factory=io.StringIO)
    log: logging.Logger = field(default_factory=lambda: logging.Logger("book"))  # noqa: LOG001 - no other test receives its records

    def __post_init__(self) -> None:
        handler = logging.StreamHandler(self.text)
        self.repeats = RepeatFilter(handler, self.clock.monotonic)
        self.log.addHandler(handler)

    def lines(self) -> list[str]:
        return self.text.getvalue().splitlines()

    def fail(self, task: int, why: str = "no files") -> None:
        try:
            raise OSError(why)
        except OSError:
            self.log.exception("task %d failed", task)

    def warn(self, text: str) -> None:
        self.log.warning("%s", text)


@pytest.fixture
def captured_log() -> CapturedLog:
    return CapturedLog()


def test_two_thousand_equal_failures_are_logged_once_and_counted(captured_log: CapturedLog) -> None:
    for task in range(2000):
        captured_log.fail(task)
    assert sum("Traceback" in line for line in captured_log.lines()) == 1
    captured_log.clock.advance(MINUTE_MILLISECONDS)
    captured_log.repeats.log_counts()
    assert captured_log.lines()[-1] == "task 0 failed: OSError('no files') (1999 more times in the last minute)"


def test_counting_continues_while_the_failure_repeats(captured_log: CapturedLog) -> None:
    for _ in range(3):
        for _ in range(10):
            captured_log.warn("no room")
        captured_log.clock.advance(MINUTE_MILLISECONDS)
        captured_log.repeats.log_counts()
    assert captured_log.lines() == [
        "no room",
        "no room (9 more times in the last minute)",
        "no room (10 more times in the last minute)",
        "no room (10 more times in the last minute)",
    ]


def test_a_failure_after_a_minute_without_failures_is_logged_in_full(captured_log: CapturedLog) -> None:
    captured_log.fail(1)
    captured_log.clock.advance(MINUTE_MILLISECONDS)
    captured_log.fail(2)
    assert sum("Traceback" in line for line in captured_log.lines()) == 2


def test_failures_with_other_causes_or_other_messages_are_logged(captured_log: CapturedLog) -> None:
    captured_log.fail(1)
    captured_log.fail(1, "no room")
    captured_log.warn("no files")
    captured_log.log.warning("%s", "no files")
    assert len([line for line in captured_log.lines() if line.startswith(("task", "no files"))]) == 4


def test_an_equal_exception_in_the_message_is_counted_for_any_subject(captured_log: CapturedLog) -> None:
    for task in range(5):
        captured_log.log.warning("copying the output of %s failed and is repeated: %s", task, OSError("no files"))
    assert captured_log.lines() == ["copying the output of 0 failed and is repeated: no files"]


def test_info_lines_are_logged_each_time(captured_log: CapturedLog) -> None:
    for _ in range(3):
        captured_log.log.info("a task stopped")
    assert captured_log.lines() == ["a task stopped"] * 3


def test_counts_are_logged_when_the_engine_stops(captured_log: CapturedLog) -> None:
    for _ in range(3):
        captured_log.warn("no room")
    captured_log.repeats.log_counts(all_counts=True)
    assert captured_log.lines()[-1] == "no room (2 more times in the last minute)"


def test_another_failure_logs_the_count_of_the_minute_before(captured_log: CapturedLog) -> None:
    for _ in range(2):
        captured_log.warn("no room")
    captured_log.clock.advance(MINUTE_MILLISECONDS)
    captured_log.warn("no files")
    assert captured_log.lines() == ["no room", "no room (once more in the last minute)", "no files"]
