"""`lamplighter ps` tells what runs, how the last run ended and when the next one begins."""

from datetime import datetime
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.runs import formatting
from tests.cli.shared_run import SharedRun
from tests.served_engine import eventually


def begun(batch: SharedRun) -> None:
    """Wait until the first attempt of the endless job has begun, which it does after its run."""

    def attempts() -> Json:
        (job,) = [each for each in batch.listed("ps") if each["job"] == "endless"]
        return job["running"][0]["attempts"]

    eventually(attempts)


def test_each_job_has_its_last_run_what_runs_now_and_its_next_time(batch: SharedRun) -> None:
    ended = batch.run("nightly")
    going = batch.run("endless")
    begun(batch)
    jobs = {each["job"]: each for each in batch.listed("ps")}
    assert [*jobs] == ["nightly", "judged", "endless", "single", "beside", "quick", "broken", "flow"]
    assert (jobs["nightly"]["last"]["run"], jobs["nightly"]["last"]["status"]) == (ended["run"], "FAILED")
    assert jobs["nightly"]["next"].endswith(("T00:30:00.000Z", "T01:30:00.000Z"))
    assert [each["run"] for each in jobs["endless"]["running"]] == [going["run"]]
    assert [each["attempt"] for each in jobs["endless"]["running"][0]["attempts"]] == [1]
    assert jobs["judged"]["paused"]
    assert jobs["judged"]["last"] is None
    assert batch.say("stop", "endless").exit_code == 0


def test_a_person_sees_the_same_as_a_table_and_which_jobs_are_not_there_yet(batch: SharedRun) -> None:
    run = batch.run("endless")
    begun(batch)
    result = batch.say("ps")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("endless")]
    assert "attempt 1 since " in line
    assert run["run"] in line
    assert "paused" in next(line for line in result.stdout.splitlines() if line.startswith("judged"))
    assert "later is not on the engine at" in result.stderr
    batch.say("stop", "endless")


def test_the_latest_runs_of_all_jobs_are_listed_youngest_first(batch: SharedRun) -> None:
    first, second = batch.run("quick"), batch.run("nightly")
    listed = batch.listed("ps", "--all", "--count", "2")
    assert [(each["job"], each["run"]) for each in listed] == [("nightly", second["run"]), ("quick", first["run"])]
    assert batch.listed("ps", "quick", "--all")[0]["status"] == "SUCCEEDED"
    assert "succeeded" in batch.say("ps", "--all").stdout


def test_a_run_that_was_skipped_beside_another_one_is_no_success(batch: SharedRun) -> None:
    batch.say("run", "single", "--name", "going")
    skipped = batch.run("single")
    (line,) = [line for line in batch.say("ps").stdout.splitlines() if line.startswith("single")]
    assert ("skipped" in line, "succeeded" in line) == (True, False)
    (listed,) = batch.listed("ps", "single")
    assert (listed["last"], listed["skipped"]["run"]) == (None, skipped["run"])
    (line,) = [line for line in batch.say("ps", "single", "--all").stdout.splitlines() if skipped["run"] in line]
    assert ("skipped" in line, "succeeded" in line) == (True, False)
    batch.say("stop", "single:going")


def test_a_failure_is_told_with_its_reason_behind_the_runs_that_were_skipped_beside_it(
    batch: SharedRun, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    batch.say("run", "beside", "--name", "failing", "--env", f"LAMPLIGHTER_DONE={done}")
    skipped = [batch.run("beside") for _ in range(3)]
    done.touch()
    batch.served.ended(batch.listed("history", "beside:failing")[0]["arn"])
    (listed,) = batch.listed("ps", "beside")
    assert (listed["last"]["run"], listed["last"]["status"]) == ("failing", "FAILED")
    assert (listed["last"]["exitCodes"], listed["last"]["error"]) == ({"main": 5}, "States.TaskFailed")
    assert listed["skipped"]["run"] == skipped[-1]["run"]
    text = batch.say("ps", "beside").stdout
    assert "failed with exit code 5" in text
    assert "(failing)" in text
    assert "then skipped" in text
    assert "failed with exit code 5" in batch.say("ps", "beside", "--all").stdout


def test_a_job_that_only_ran_as_a_step_says_so(batch: SharedRun) -> None:
    result = batch.say("ps")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("broken")]
    assert "never" not in line
    assert "as a step of flow" in line


def test_what_is_too_wide_for_the_terminal_is_printed_as_blocks_with_whole_names(
    batch: SharedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a-name-that-is-as-long-as-names-of-runs-may-be-since-programs-make-them-" + "x" * 8
    batch.say("run", "endless", "--name", name)
    for width in (80, 110):
        monkeypatch.setattr(formatting, "NON_TERMINAL_WIDTH", width)
        for words in (("ps",), ("ps", "--all"), ("ps", "endless")):
            lines = batch.say(*words).stdout.splitlines()
            assert any(name in line for line in lines), (width, words)
            assert "endless" in lines
    batch.say("stop", "endless")


def test_a_redriven_run_took_the_sum_of_its_parts(batch: SharedRun) -> None:
    run = batch.run("nightly")
    batch.say("redrive", "nightly", "--follow")
    (listed,) = batch.listed("ps", "nightly")
    head = batch.listed("history", "nightly")[0]
    assert listed["last"]["redrives"] == 1
    (redrive,) = [each for each in batch.listed("history", "nightly") if each["kind"] == "redrive"]
    gap = instant(redrive["time"]) - instant(redrive["ended"])
    whole = instant(listed["last"]["ended"]) - instant(run["began"])
    assert listed["last"]["seconds"] == head["seconds"] == pytest.approx((whole - gap).total_seconds())


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_without_a_job_file_every_state_machine_is_listed_by_its_name(batch: SharedRun, tmp_path: Path) -> None:
    result = batch.say("ps", "--endpoint-url", batch.served.url, folder=tmp_path)
    names = [line.split()[0] for line in result.stdout.splitlines()[1:] if line[0] != " "]
    jobs = ["beside", "broken", "endless", "flow", "judged", "nightly", "quick", "single"]
    assert names == [f"reports-{each}" for each in jobs]


def test_a_job_file_that_is_broken_keeps_nobody_from_seeing_what_runs(batch: SharedRun, tmp_path: Path) -> None:
    (tmp_path / "lamplighter.yaml").write_text("project: reports\njobs: {nightly: {comand: ls}}\n")
    at = ("--endpoint-url", batch.served.url)
    result = batch.say("ps", *at, folder=tmp_path)
    assert (result.exit_code, "reports-nightly" in result.stdout) == (0, True)
    assert "did you mean `command`?" in result.stderr
    assert "lamplighter.yaml has errors, so jobs are listed by the names of their state machines" in result.stderr
    named = batch.say("ps", *at, "--file", "lamplighter.yaml", folder=tmp_path)
    assert (named.exit_code, named.stdout) == (1, "")


def test_where_no_engine_ever_ran_it_is_said_how_to_start_one(batch: SharedRun, tmp_path: Path) -> None:
    result = batch.say("ps", folder=tmp_path)
    assert result.exit_code == 1
    assert "lamplighter up" in result.stderr


def test_an_engine_that_does_not_answer_is_one_sentence(batch: SharedRun) -> None:
    result = batch.say("ps", "--endpoint-url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
