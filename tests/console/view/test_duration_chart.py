"""The chart of how long a job's runs took."""

import pytest

from lamplighter.base.json_text import Json
from lamplighter.console.view.clock import Clock
from lamplighter.console.view.duration_chart import HEIGHT, MARGIN, SIDE, DurationChart, Line, build_chart
from lamplighter.runs.run import RunLimits

CLOCK = Clock(10_000)


def run(number: int, seconds: float | None, status: str = "SUCCEEDED", **more: Json) -> Json:
    """Return a run that started at `number` * 1000 seconds."""
    start = number * 1000
    stop = {} if seconds is None else {"stopDate": start + seconds}
    return {"executionArn": f"arn:{number}", "name": str(number), "status": status, "startDate": start, **stop, **more}


def draw(*runs: Json, deadline: int | None = None, late: int | None = None) -> DurationChart:
    """Draw runs, oldest first."""
    chart = build_chart(runs[::-1], CLOCK, RunLimits(late=late, deadline=deadline))
    assert chart is not None
    return chart


def test_a_mark_is_as_high_as_its_run_took_and_as_far_right_as_it_started() -> None:
    chart = draw(run(1, 100), run(2, 50), run(5, 0))
    assert [each.x for each in chart.marks] == [SIDE, SIDE + (100 - 2 * SIDE) / 4, 100 - SIDE]
    assert [each.y for each in chart.marks] == [MARGIN, HEIGHT / 2, HEIGHT - MARGIN]


def test_each_status_has_a_shape_and_words_of_its_own() -> None:
    statuses = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RUNNING")
    chart = draw(*(run(at, 10, status) for at, status in enumerate(statuses)))
    assert len({each.shape for each in chart.marks}) == len(statuses)
    assert [each.title.partition(": ")[2].partition(",")[0] for each in chart.marks] == [
        "succeeded", "failed", "timed out", "stopped", "running",
    ]  # fmt: skip


def test_the_median_is_of_the_runs_that_succeeded() -> None:
    chart = draw(run(1, 100), run(2, 10), run(3, 40), run(4, 1, "FAILED"))
    assert chart.lines[0] == Line("median", 40, 70)


def test_a_deadline_near_the_runs_is_a_line_and_a_distant_one_is_not() -> None:
    near = draw(run(1, 50), deadline=100)
    assert (near.lines[1:], near.marks[0].y) == ([Line("deadline", 100, MARGIN)], HEIGHT / 2)
    assert draw(run(1, 50), deadline=7200).lines[1:] == [Line("deadline", 7200, None)]


def test_what_is_late_has_a_line_beside_the_deadline_and_late_runs_say_so() -> None:
    chart = draw(run(1, 100), run(2, 50), late=75, deadline=100)
    assert [each.name for each in chart.lines if each.y is not None] == ["median", "late after", "deadline"]
    assert [each.is_late for each in chart.marks] == [True, False]
    assert chart.marks[0].title.endswith(", late")


def test_an_outlier_does_not_press_the_other_marks_to_one_line() -> None:
    near = draw(run(1, 10), run(2, 20), run(3, 99))
    far = draw(run(1, 10), run(2, 20), run(3, 20), run(4, 20_000))
    assert near.marks[0].y - near.marks[1].y == pytest.approx(10.1, abs=0.1)
    assert [each.y for each in far.marks] == [HEIGHT - MARGIN, 100.9, 100.9, MARGIN]


def test_two_or_three_durations_stand_beside_the_scale() -> None:
    assert [words for _, words in draw(run(1, 70)).labels] == ["0.0 s", "1 min 00 s"]
    far = draw(run(1, 10), run(2, 20), run(3, 20), run(4, 20_000))
    assert [words for _, words in far.labels] == ["10 s", "2 min 00 s", "30 min 00 s"]


def test_a_redriven_run_counts_with_the_time_it_really_ran_and_says_so() -> None:
    chart = draw(run(1, 10), run(2, 1000, redriveCount=2, idle=980))
    assert chart.longest == 20
    assert chart.marks[1].title.endswith("20 s, redriven 2×")


def test_skipped_runs_and_those_of_unknown_duration_have_no_mark() -> None:
    chart = draw(run(1, 10), run(2, 0, "SKIPPED"), run(3, 1000, redriveCount=1, idle=None))
    assert [each.arn for each in chart.marks] == ["arn:1"]


def test_without_runs_there_is_no_chart() -> None:
    assert build_chart([run(1, 0, "SKIPPED")], CLOCK) is None


def test_the_chart_is_described_for_those_who_do_not_see_it() -> None:
    chart = draw(run(1, 10), run(2, 30), run(3, 20, "FAILED"), deadline=3600)
    assert chart.text == (
        "Durations of the last 3 runs: 2 succeeded, 1 failed; from 10 s to 30 s; median 20 s; deadline 1 h 00 min"
    )
