"""`lamplighter ps` tells what runs, how the last run ended and when the next one begins."""

from pathlib import Path

from tests.cli.batch import Batch


def test_each_job_has_its_last_run_what_runs_now_and_its_next_time(batch: Batch) -> None:
    ended = batch.run("nightly")
    going = batch.run("endless")
    jobs = {each["job"]: each for each in batch.listed("ps")}
    assert [*jobs] == ["nightly", "judged", "endless", "single", "quick", "broken", "flow"]
    assert (jobs["nightly"]["last"]["run"], jobs["nightly"]["last"]["status"]) == (ended["run"], "FAILED")
    assert jobs["nightly"]["next"].endswith(("T00:30:00.000Z", "T01:30:00.000Z"))
    assert [each["run"] for each in jobs["endless"]["running"]] == [going["run"]]
    assert [each["attempt"] for each in jobs["endless"]["running"][0]["attempts"]] == [1]
    assert jobs["judged"]["paused"]
    assert jobs["judged"]["last"] is None
    assert batch.say("stop", "endless").exit_code == 0


def test_a_person_sees_the_same_as_a_table_and_which_jobs_are_not_there_yet(batch: Batch) -> None:
    run = batch.run("endless")
    result = batch.say("ps")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("endless")]
    assert "attempt 1 since " in line
    assert run["run"] in line
    assert "paused" in next(line for line in result.stdout.splitlines() if line.startswith("judged"))
    assert "later: the engine at" in result.stderr
    batch.say("stop", "endless")


def test_the_latest_runs_of_all_jobs_are_listed_youngest_first(batch: Batch) -> None:
    first, second = batch.run("quick"), batch.run("nightly")
    listed = batch.listed("ps", "--all", "--count", "2")
    assert [(each["job"], each["run"]) for each in listed] == [("nightly", second["run"]), ("quick", first["run"])]
    assert batch.listed("ps", "quick", "--all")[0]["status"] == "SUCCEEDED"
    assert "succeeded" in batch.say("ps", "--all").stdout


def test_a_run_that_was_skipped_beside_another_one_is_no_success(batch: Batch) -> None:
    batch.say("run", "single", "--name", "going")
    skipped = batch.run("single")
    (line,) = [line for line in batch.say("ps").stdout.splitlines() if line.startswith("single")]
    assert ("skipped" in line, "succeeded" in line) == (True, False)
    assert batch.listed("ps", "single")[0]["last"]["skipped"]
    (line,) = [line for line in batch.say("ps", "single", "--all").stdout.splitlines() if skipped["run"] in line]
    assert ("skipped" in line, "succeeded" in line) == (True, False)
    batch.say("stop", "single:going")


def test_without_a_job_file_every_state_machine_is_listed_by_its_name(batch: Batch, tmp_path: Path) -> None:
    result = batch.say("ps", "--endpoint-url", batch.served.url, folder=tmp_path)
    names = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    jobs = ["broken", "endless", "flow", "judged", "nightly", "quick", "single"]
    assert names == [f"reports-{each}" for each in jobs]


def test_where_no_engine_ever_ran_it_is_said_how_to_start_one(batch: Batch, tmp_path: Path) -> None:
    result = batch.say("ps", folder=tmp_path)
    assert result.exit_code == 1
    assert "lamplighter up" in result.stderr


def test_an_engine_that_does_not_answer_is_one_sentence(batch: Batch) -> None:
    result = batch.say("ps", "--endpoint-url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
