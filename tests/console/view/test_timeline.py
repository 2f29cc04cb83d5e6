"""The attempts of a run as a timeline."""

import pytest
from hypothesis import given

from lamplighter.base.json_text import Json, dumps
from lamplighter.console.view.runs.timeline import PAGE_SIZE, SCALE_WIDTH, Timeline, build_timeline
from lamplighter.runs.history.story import read_story
from tests.documents import documents
from tests.runs.histories import (
    REPORTED,
    RUN,
    TASK_FIELDS,
    Entry,
    begun,
    described,
    entered,
    exited,
    failed,
    history,
    scheduled,
    story,
    succeeded,
    written_by_a_user,
)

AGAIN = (*RUN, failed(4, "a", 3))
RETRIED = (*AGAIN, scheduled(5), succeeded(6, "b"), exited("Run", 7), ("ExecutionSucceeded", 8, {"output": "{}"}))
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10}]
DEFINITION: Json = {"StartAt": "Run", "States": {"Run": {"Type": "Task", "Retry": RETRY, "End": True}}}


def draw(*entries: Entry, now: int = 9_000, after: int = 0, waits: bool = False) -> Timeline:
    return build_timeline(story(*entries), DEFINITION, now, after, waits=waits)


def test_each_attempt_has_a_bar_and_the_wait_before_it_has_a_line() -> None:
    first, second = draw(*RETRIED).rows
    assert (first.label, first.status, first.exits, first.wait_x) == ("Run #1", "FAILED", [("main", 3, True)], None)
    assert first.reason == "States.TaskFailed: Essential container in task exited"
    assert (first.x, first.width) == (SCALE_WIDTH * 2 / 8, SCALE_WIDTH * 2 / 8)  # from second 3 to 5 of 1 to 9
    assert (second.label, second.status, second.wait) == ("Run #2", "SUCCEEDED", "1.0 s")
    assert second.wait_x == first.x + first.width
    assert second.x == second.wait_x + second.wait_width


def test_the_wait_of_an_attempt_for_its_start_is_no_work() -> None:
    ran = dumps(described("a", 0) | {"StartedAt": 4_000, "ExecutionStoppedAt": 4_500})
    end = ("TaskSucceeded", 3, {"resourceType": "ecs", "resource": "runTask.sync", "output": ran})
    (row,) = draw(*RUN, end, exited("Run", 4), ("ExecutionSucceeded", 5, {"output": "{}"})).rows
    assert (row.seconds, row.waited) == (0.5, "1.0 s")
    shown = [row.x - row.waited_width, row.x, row.x + row.width]
    assert shown == pytest.approx([SCALE_WIDTH * share / 12 for share in (4, 6, 7)], abs=0.1)


def test_an_attempt_that_still_waits_has_no_bar() -> None:
    (row,) = draw(*RUN, waits=True, now=10_000).rows
    assert (row.status, row.seconds, row.width, row.waited) == ("WAITING", None, 0, "7.0 s")
    assert row.x == SCALE_WIDTH
    assert row.x - row.waited_width == pytest.approx(SCALE_WIDTH * 2 / 9, abs=0.1)


def test_no_bar_extends_beyond_the_picture_of_a_running_run() -> None:
    for now in (5_000, 6_001, 60_000):
        assert all(
            0 <= row.x <= SCALE_WIDTH and row.x + row.width <= SCALE_WIDTH + 4 for row in draw(*AGAIN, now=now).rows
        )


def test_a_long_timeline_has_pages_and_shows_each_row_once() -> None:
    entries: list[Entry] = [begun(), entered("Run", 0)]
    for at in range(250):
        entries += [scheduled(2 + 2 * at), failed(3 + 2 * at, "a", 1)]
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = draw(*entries, after=after)
        assert len(page.rows) <= PAGE_SIZE
        seen += [row.event for row in page.rows]
        after = page.next_after
    assert len(seen) == len(set(seen)) == 250


def test_the_time_before_a_redrive_takes_no_space_and_is_no_wait() -> None:
    failure = ("ExecutionFailed", 4, {"error": "States.TaskFailed"})
    late = ("ExecutionRedriven", 5, {"redriveCount": 1})
    entries = [begun(), entered("Run", 0), scheduled(2), failed(3, "a", 1), failure, late, scheduled(6)]
    entries += [succeeded(7, "b"), exited("Run", 8), ("ExecutionSucceeded", 9, {"output": "{}"})]
    events = history(*entries)
    shifted = [event | {"timestamp": event["timestamp"] + (1200 if event["id"] > 5 else 0)} for event in events]
    timeline = build_timeline(read_story(shifted), DEFINITION, 9_000)
    first, second = timeline.rows
    (redrive,) = timeline.redrives
    assert (redrive.after, redrive.x) == ("20 min 01 s", SCALE_WIDTH * 4 / 8)  # 4 s of 8 s had run
    assert (first.x, second.x, second.width) == (SCALE_WIDTH * 2 / 8, SCALE_WIDTH * 5 / 8, SCALE_WIDTH / 8)
    assert (second.wait, second.wait_x) == ("", None)
    assert first.event < redrive.event < second.event


@pytest.mark.parametrize(("run", "status"), [("LAMPLIGHTER_RUN", "CAUGHT"), ("in another's machine", "FAILED")])
def test_a_caught_failure_of_a_helper_state_of_a_job_has_the_status_caught(run: str, status: str) -> None:
    rows = build_timeline(story(*REPORTED), {"States": {"Run": run}}, 99_000).rows
    assert [(row.state, row.status) for row in rows] == [("Run", "FAILED"), ("Last lines", status)]


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(50, ["0 ms", "44 ms", "88 ms", "132 ms", "176 ms"]), (1e6, ["0 ms", "1 ms", "2 ms", "3 ms", "4 ms"])],
)
def test_the_ticks_of_a_short_run_have_different_labels(speed: float, expected: list[str]) -> None:
    events = [event | {"timestamp": 9 + event["timestamp"] / speed} for event in history(*REPORTED)]
    assert [label for _, label in build_timeline(read_story(events), {}, 99_000).ticks] == expected


@given(documents(*TASK_FIELDS))
def test_any_document_of_a_user_is_drawn(document: Json) -> None:
    rows = draw(*written_by_a_user(document)).rows
    assert [row.label for row in rows] == ["Run #1", "Run #2", "Run #3", "Pause"]
    assert all((row.seconds or 0) >= 0 and isinstance(row.reason, str) for row in rows)
