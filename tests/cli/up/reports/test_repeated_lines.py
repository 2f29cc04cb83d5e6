"""The log: what fails again and again is logged once and counted."""

import io
import logging
from dataclasses import dataclass, field

import pytest

from lamplighter.base.world import ManualClock
from lamplighter.cli.up.reports.repeated_lines import MINUTE_MILLISECONDS, RepeatFilter


@dataclass
class Book:
    """A log of its own, on a clock of ours."""

    clock: ManualClock = field(default_factory=ManualClock)
    text: io.StringIO = field(default_factory=io.StringIO)
    log: logging.Logger = field(default_factory=lambda: logging.Logger("book"))  # noqa: LOG001 - no other test hears it

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
def book() -> Book:
    return Book()


def test_two_thousand_equal_failures_are_told_once_and_counted(book: Book) -> None:
    for task in range(2000):
        book.fail(task)
    assert sum("Traceback" in line for line in book.lines()) == 1
    book.clock.advance(MINUTE_MILLISECONDS)
    book.repeats.log_counts()
    assert book.lines()[-1] == "task 0 failed: OSError('no files') (1999 more times in the last minute)"


def test_it_goes_on_counting_for_as_long_as_it_goes_on_failing(book: Book) -> None:
    for _ in range(3):
        for _ in range(10):
            book.warn("no room")
        book.clock.advance(MINUTE_MILLISECONDS)
        book.repeats.log_counts()
    assert book.lines() == [
        "no room",
        "no room (9 more times in the last minute)",
        "no room (10 more times in the last minute)",
        "no room (10 more times in the last minute)",
    ]


def test_what_fails_again_after_a_minute_of_peace_is_told_whole(book: Book) -> None:
    book.fail(1)
    book.clock.advance(MINUTE_MILLISECONDS)
    book.fail(2)
    assert sum("Traceback" in line for line in book.lines()) == 2


def test_other_causes_and_other_places_are_told_as_well(book: Book) -> None:
    book.fail(1)
    book.fail(1, "no room")
    book.warn("no files")
    book.log.warning("%s", "no files")
    assert len([line for line in book.lines() if line.startswith(("task", "no files"))]) == 4


def test_a_failure_whose_exception_is_in_its_text_is_equal_whomever_it_concerns(book: Book) -> None:
    for task in range(5):
        book.log.warning("copying the output of %s failed and is repeated: %s", task, OSError("no files"))
    assert book.lines() == ["copying the output of 0 failed and is repeated: no files"]


def test_what_is_no_failure_is_told_each_time(book: Book) -> None:
    for _ in range(3):
        book.log.info("a task stopped")
    assert book.lines() == ["a task stopped"] * 3


def test_nothing_is_lost_when_the_engine_stops(book: Book) -> None:
    for _ in range(3):
        book.warn("no room")
    book.repeats.log_counts(all_counts=True)
    assert book.lines()[-1] == "no room (2 more times in the last minute)"


def test_another_failure_brings_the_count_of_the_minute_before(book: Book) -> None:
    for _ in range(2):
        book.warn("no room")
    book.clock.advance(MINUTE_MILLISECONDS)
    book.warn("no files")
    assert book.lines() == ["no room", "no room (once more in the last minute)", "no files"]
