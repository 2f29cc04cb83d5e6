"""The strip of a job's last runs."""

from lamplighter.base.json_text import Json
from lamplighter.console.view.runs.run_strip import STRIP_HEIGHT, build_run_strip


def execution(status: str, start: float, stop: float | None = None) -> Json:
    ended = {} if stop is None else {"stopDate": stop}
    return {"executionArn": f"arn:{start}", "name": f"run-{start:.0f}", "status": status, "startDate": start, **ended}


def test_success_rate_and_median_count_only_ended_runs() -> None:
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


def test_the_latest_run_is_last_and_the_longest_bar_is_the_highest() -> None:
    bars = build_run_strip([execution("FAILED", 60, 61), execution("SUCCEEDED", 40, 60)], now=99).bars
    assert [mark.status for mark in bars] == ["SUCCEEDED", "FAILED"]
    assert bars[0].height == STRIP_HEIGHT > bars[1].height
    assert bars[1].title == "run-60: failed, 1.0 s"


def test_a_job_without_runs_has_an_empty_strip() -> None:
    assert build_run_strip([], now=0).width == 0


def test_a_redriven_run_s_duration_excludes_idle_time_and_is_unknown_until_that_is_known() -> None:
    redriven = execution("SUCCEEDED", 100, 1300) | {"redriveCount": 1}
    quick = execution("SUCCEEDED", 40, 44)
    assert build_run_strip([redriven | {"idle": 1196.0}, quick], now=2000).median_seconds == 4
    found = build_run_strip([redriven, quick], now=2000)
    assert found.median_seconds == 4
    assert [mark.title for mark in found.bars] == ["run-40: succeeded, 4.0 s", "run-100: succeeded, –"]
    assert build_run_strip([redriven], now=2000).median_seconds is None
