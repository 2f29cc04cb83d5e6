"""`lamplighter history` tells what happened in a run in one look; stop and redrive change what happens."""

from pathlib import Path

from lamplighter.base.json_text import Json
from tests.cli.shared_run import SharedRun
from tests.served_engine import eventually, one


def rows(batch: SharedRun, *words: str) -> list[list[str]]:
    """The rows of the table without their times, cell by cell."""
    lines = batch.say("history", *words).stdout.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("TIME"))
    end = next(at for at, line in enumerate(lines) if "the run " in line or (at > start and not line))
    return [[cell.strip() for cell in line.split("  ")[1:] if cell.strip()] for line in lines[start + 1 : end]]


def test_attempts_waits_exit_codes_and_the_end_are_told(batch: SharedRun) -> None:
    batch.run("nightly")
    told = rows(batch, "nightly")
    assert [(each[0], each[-1]) for each in told if not each[0].startswith("wait")] == [
        ("attempt 1", "failed with exit code 3"),
        ("attempt 2", "failed with exit code 3"),
    ]
    assert told[1][0] == "wait before attempt 2"
    said = batch.say("history", "nightly").stdout
    assert "the run failed with exit code 3" in said
    assert 'input  {"table":"sales"}' in said
    last_words = said.partition("The last output of attempt 2:\n")[2].splitlines()[0]
    assert last_words == '    attempt 2 says hello {"table":"sales"}'


def test_the_last_words_are_those_of_the_step_that_failed_and_not_of_one_that_was_stopped_with_it(
    batch: SharedRun,
) -> None:
    batch.run("flow")
    said = batch.say("history", "flow").stdout
    assert "The last output of Short, attempt 1:\n    no disk\n" in said


def test_a_job_that_judges_failures_is_told_without_its_own_states(batch: SharedRun) -> None:
    batch.run("judged")
    assert [each[0] for each in rows(batch, "judged")] == ["attempt 1", "wait before attempt 2", "attempt 2"]
    assert "Again?" in batch.say("history", "judged", "--states").stdout


def test_a_run_that_is_skipped_beside_another_one_says_so(batch: SharedRun) -> None:
    batch.say("run", "single", "--name", "first")
    followed = batch.say("run", "single", "--follow")
    assert followed.exit_code == 0
    assert "skipped: another run of the job was running" in followed.stderr
    assert "the run was skipped: another run of the job was running" in followed.stderr
    assert rows(batch, "single") == [["skipped", "another run of the job was running"]]
    told = batch.say("history", "single").stdout
    assert told.splitlines()[0].endswith("skipped")
    assert "succeeded" not in told
    batch.say("stop", "single:first")


def test_programs_read_the_run_and_then_each_row(batch: SharedRun) -> None:
    run = batch.run("judged")
    told = batch.listed("history", run["arn"])
    assert [each["kind"] for each in told] == ["run", "attempt", "wait", "attempt"]
    assert (told[0]["status"], told[0]["error"]) == ("FAILED", "States.TaskFailed")
    assert [each["exitCodes"] for each in told[1::2]] == [{"main": 7}, {"main": 7}]
    assert told[2]["attempt"] == 2


def test_a_machine_that_no_job_file_made_is_told_with_its_states(batch: SharedRun) -> None:
    states: Json = {
        "StartAt": "Here",
        "States": {
            "Here": {"Type": "Pass", "Next": "There"},
            "There": {"Type": "Fail", "Error": "Lost", "Cause": "no way"},
        },
    }
    run = batch.served.start(batch.served.machine(states, "states"))
    batch.served.ended(run)
    assert [each[0] for each in rows(batch, "states")] == ["Here", "There"]
    assert "the run failed: Lost: no way" in batch.say("history", "states").stdout
    assert rows(batch, "states", "--no-states") == []


def test_a_run_that_goes_on_is_told_so_far(batch: SharedRun) -> None:
    batch.run("endless")
    eventually(lambda: batch.listed("history", "endless")[1:])
    said = batch.say("history", "endless").stdout
    assert "running" in said
    assert "lamplighter stop endless:" in said
    batch.say("stop", "endless")


def test_stopping_a_job_stops_the_run_that_goes_on_and_tells_why(batch: SharedRun) -> None:
    batch.run("endless")
    assert batch.say("stop", "endless", "--cause", "enough").exit_code == 0
    assert "the run was stopped: enough" in batch.say("history", "endless").stdout


def test_of_several_runs_that_go_on_one_has_to_be_named_or_all(batch: SharedRun) -> None:
    names = {batch.run("endless")["run"] for _ in range(2)}
    result = batch.say("stop", "endless")
    assert result.exit_code == 1
    assert {line.strip().removeprefix("endless:") for line in result.stderr.splitlines()[1:]} == names
    assert batch.say("stop", "endless", "--all").exit_code == 0
    assert batch.listed("ps", "endless")[0]["running"] == []


def test_what_does_not_go_on_cannot_be_stopped(batch: SharedRun) -> None:
    run = batch.run("quick")
    assert "has ended already: succeeded" in batch.say("stop", run["run"]).stderr
    result = batch.say("stop", "quick")
    assert (result.exit_code, "no run of quick is running" in result.stderr) == (1, True)


def test_a_redriven_run_goes_on_and_is_watched_from_there(batch: SharedRun) -> None:
    batch.run("nightly")
    result = batch.say("redrive", "nightly", "--follow")
    assert result.exit_code == 1
    told = [line.partition(" says")[0] for line in result.stdout.splitlines()]
    assert told == [f"{number} after the redrive | attempt {number}" for number in (1, 2)]
    assert "attempt 2 failed" not in result.stderr
    after = rows(batch, "nightly")
    (redriven,) = [each for each in after if each[0] == "redriven"]
    assert redriven[1].endswith("after it had ended")
    assert [each[0] for each in after if each[0].startswith("attempt")] == [
        "attempt 1", "attempt 2", "attempt 1 after the redrive", "attempt 2 after the redrive",
    ]  # fmt: skip
    assert [line[:4] for line in batch.say("logs", "nightly").stdout.splitlines()] == ["1 | ", "2 | ", "1 af", "2 af"]


def test_a_run_that_cannot_be_redriven_is_told_to_begin_anew(batch: SharedRun) -> None:
    batch.run("quick")
    succeeded = batch.say("redrive", "quick")
    assert (succeeded.exit_code, "it succeeded" in succeeded.stderr) == (1, True)
    batch.run("judged")
    judged = batch.say("redrive", "judged").stderr
    assert "would continue in the state Failed, from which the run can only fail again" in judged
    assert "start a new run instead: lamplighter run judged" in judged
    assert batch.say("redrive", "judged", "--force", "--follow").exit_code == 1
    assert batch.listed("history", "judged", "--states")[-1]["kind"] == "redrive"


def test_a_run_that_goes_on_cannot_be_redriven(batch: SharedRun) -> None:
    batch.run("endless")
    result = batch.say("redrive", "endless")
    assert (result.exit_code, "it is still running" in result.stderr) == (1, True)
    batch.say("stop", "endless")


def test_who_names_a_run_by_its_arn_needs_no_job_file_that_can_be_read(batch: SharedRun, tmp_path: Path) -> None:
    run = batch.run("quick")
    (tmp_path / "lamplighter.yaml").write_text("jobs: {")
    result = batch.say("history", run["arn"], "--endpoint-url", batch.served.url, folder=tmp_path)
    assert result.exit_code == 0
    assert "the run succeeded" in result.stdout
    assert batch.say("history", "quick", folder=tmp_path).exit_code == 1


def test_the_name_of_several_runs_is_no_name(batch: SharedRun) -> None:
    for machine in ("one", "two"):
        batch.served.start(batch.served.machine(one({"Type": "Pass", "End": True}), machine), name="same")
    result = batch.say("history", "same")
    assert result.exit_code == 1
    assert "use one of one:same, two:same" in result.stderr
