"""Read and search a log by the numbers of its lines."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.logs import read_lines
from lamplighter.store.db import Tx
from tests.services.logs.logs_harness import GROUP, LogsHarness

NAMES = {"logGroupName": GROUP, "logStreamName": "a"}
EVERYTHING = [[1, 10**9]]


@pytest.fixture
def log(harness: LogsHarness) -> LogsHarness:
    """A log with the lines 1 to 300, from batches of ten."""
    harness.create_group("a", "b")
    for batch in range(30):
        harness.put_events("a", *((1000, f"Line {10 * batch + at}") for at in range(1, 11)))
    return harness


def read(log: LogsHarness, **params: Json) -> Json:
    return log.logs("GetLogLines", **NAMES, **{"ranges": EVERYTHING, "limit": 1000, **params})


def forget_numbers(tx: Tx) -> None:
    """Leave what the upgrade of a database of an earlier version leaves."""
    tx.execute("UPDATE log_streams SET lines = NULL")
    tx.execute("UPDATE log_chunks SET line = NULL")


def numbers(answer: Json) -> list[int]:
    return [each["number"] for each in answer["lines"]]


def find(log: LogsHarness, text: str, **params: Json) -> Json:
    return log.logs("FilterLogLines", **NAMES, **{"text": text, "number": 1, "limit": 1000, **params})


def test_the_first_the_last_and_any_other_lines_are_read_by_number(log: LogsHarness) -> None:
    assert numbers(read(log, limit=3)) == [1, 2, 3]
    assert numbers(read(log, limit=3, backward=True)) == [298, 299, 300]
    found = read(log, ranges=[[99, 102]])
    assert [each["message"] for each in found["lines"]] == ["Line 99", "Line 100", "Line 101", "Line 102"]
    assert (found["first"], found["last"], found["numbered"], found["retention"]) == (1, 300, True, None)


def test_several_ranges_are_read_together_in_both_directions(log: LogsHarness) -> None:
    ranges = [[5, 6], [50, 51], [299, 900]]
    assert numbers(read(log, ranges=ranges)) == [5, 6, 50, 51, 299, 300]
    assert numbers(read(log, ranges=ranges, limit=3)) == [5, 6, 50]
    assert numbers(read(log, ranges=ranges, limit=3, backward=True)) == [51, 299, 300]


def test_a_page_has_at_most_a_megabyte_and_at_least_a_line(harness: LogsHarness) -> None:
    harness.create_group("a")
    for _ in range(3):
        harness.put_events("a", (0, "x" * 900_000))
    assert numbers(read(harness)) == [1]
    assert numbers(read(harness, backward=True)) == [3]


def test_a_late_line_is_the_last_one_and_changes_no_number(log: LogsHarness) -> None:
    log.put_events("a", (3_600_000, "late"))
    assert read(log, limit=1, backward=True)["lines"][0] | {"timestamp": 0} == {
        "number": 301,
        "timestamp": 0,
        "message": "late",
    }


def test_expired_lines_are_not_read_and_the_others_keep_their_numbers(log: LogsHarness) -> None:
    log.logs("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    log.clock.advance(25 * 3_600_000)
    log.settle()
    log.put_events("a", (0, "new"))
    found = read(log)
    assert (numbers(found), found["first"], found["last"], found["retention"]) == ([301], 301, 301, 1)
    assert find(log, "line")["numbers"] == []


def test_a_log_of_an_earlier_version_has_no_numbers_also_for_new_lines(log: LogsHarness) -> None:
    log.run(log.engine.store.write_with_retry(forget_numbers))
    log.put_events("a", (0, "new"))
    assert read(log) == {"numbered": False, "lines": [], "retention": None}
    assert len(log.get_events("a", limit=1000)["events"]) == 301


def test_a_text_is_found_in_both_directions_from_any_number(log: LogsHarness) -> None:
    assert find(log, "LINE 29") == {"numbers": [29, *range(290, 300)], "next": None}
    assert find(log, "line 29", number=293) == {"numbers": list(range(293, 300)), "next": None}
    backward = find(log, "line 29", number=293, backward=True)
    assert backward == {"numbers": [292, 291, 290, 29], "next": None}
    assert find(log, "no such line") == {"numbers": [], "next": None}


def test_a_search_continues_where_its_limit_or_its_work_ended_it(
    log: LogsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_lines, "MAX_EXAMINED_BYTES", 3 * read_lines.CHUNK_COST)
    for backward, number, expected in (
        (False, 1, [29, *range(290, 300)]),
        (True, 301, [*range(299, 289, -1), 29]),
    ):
        found: list[int] = []
        calls = 0
        following: int | None = number
        while following is not None:
            answer = find(log, "line 29", number=following, backward=backward, limit=4)
            found += answer["numbers"]
            calls, following = calls + 1, answer["next"]
        assert found == expected
        assert calls > 8


def test_numbers_that_no_line_has_and_wrong_parameters_do_no_harm(log: LogsHarness) -> None:
    """Consoles elsewhere may call these operations (`monitoring.py`), which refuses these errors as bad requests."""
    assert numbers(read(log, ranges=[[-5, 2], [10**30, 10**31]])) == [1, 2]
    assert find(log, "line 7", number=10**30) == {"numbers": [], "next": None}
    assert find(log, "line 300", number=10**30, backward=True) == {"numbers": [300], "next": None}
    assert log.expect_error("GetLogLines", **NAMES, ranges=[[1, 2]] * 1001, limit=1)[0] == "InvalidParameterException"
    for wrong in ({"ranges": 5, "limit": 1}, {"ranges": [[1]], "limit": 1}, {"ranges": [["x", 1]], "limit": 1}, {}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            log.logs("GetLogLines", **NAMES, **wrong)
