"""The last runs of a job at a glance."""

from lamplighter.base.json_text import Json
from lamplighter.console.view.run_strip import STRIP_HEIGHT, build_run_strip


def execution(status: str, start: float, stop: float | None = None) -> Json:
    ended = {} if stop is None else {"stopDate": stop}
    return {"executionArn": f"arn:{start}", "name": f"run-{start:.0f}", "status": status, "startDate": start, **ended}


def test_rate_and_median_are_of_runs_that_have_ended() -> None:
    runs = [
        execution("RUNNING", 100),
        execution("SUCCEEDED", 80, 90),
        execution("FAILED", 60, 61),
        execution("SUCCEEDED", 40, 60),
    ]
    found = build_run_strip(runs, now=101)
    assert found.success_rate == 2 / 3
    assert found.median_seconds == 15
    assert build_run_strip(runs[:1], now=101).success_rate is None


def test_the_latest_is_at_the_end_and_the_longest_is_the_highest() -> None:
    marks = build_run_strip([execution("FAILED", 60, 61), execution("SUCCEEDED", 40, 60)], now=99).bars
    assert [mark.status for mark in marks] == ["SUCCEEDED", "FAILED"]
    assert marks[0].height == STRIP_HEIGHT > marks[1].height
    assert marks[1].title == "run-60: failed, 1.0 s"


def test_a_job_that_never_ran_has_an_empty_strip() -> None:
    assert build_run_strip([], now=0).width == 0


def test_a_run_that_was_redriven_took_the_sum_of_its_parts_and_is_not_measured_before_that_is_known() -> None:
    redriven = execution("SUCCEEDED", 100, 1300) | {"redriveCount": 1}
    quick = execution("SUCCEEDED", 40, 44)
    assert build_run_strip([redriven | {"idle": 1196.0}, quick], now=2000).median_seconds == 4
    found = build_run_strip([redriven, quick], now=2000)
    assert found.median_seconds == 4
    assert [mark.title for mark in found.bars] == ["run-40: succeeded, 4.0 s", "run-100: succeeded, –"]
    assert build_run_strip([redriven], now=2000).median_seconds is None
