"""`lamplighter history` shows what happened in a run; `stop` and `redrive` change it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.commands import history as command
from lamplighter.cli.runs.attempt_labels import labels_for
from lamplighter.cli.runs.output import OutputLine, RunOutput
from lamplighter.cli.target import Target
from lamplighter.runs.history.story import Attempt
from tests.cli.job_folder import JobFolder
from tests.runs.histories import RUN, entered, exited, failed, scheduled, story, succeeded
from tests.served_engine import eventually, one_state


def table_rows(job_folder: JobFolder, *words: str) -> list[list[str]]:
    """Return the cells of the table's rows without their times."""
    lines = job_folder.invoke("history", *words).stdout.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("TIME"))
    end = next(at for at, line in enumerate(lines) if "the run " in line or (at > start and not line))
    return [[cell.strip() for cell in line.split("  ")[1:] if cell.strip()] for line in lines[start + 1 : end]]


def test_history_shows_attempts_waits_exit_codes_and_the_end(job_folder: JobFolder) -> None:
    job_folder.run_job("nightly")
    cells = table_rows(job_folder, "nightly")
    assert [(each[0], each[-1]) for each in cells if not each[0].startswith("wait")] == [
        ("attempt 1", "failed: exit code 3"),
        ("attempt 2", "failed: exit code 3"),
    ]
    assert cells[1][0] == "wait before attempt 2"
    output = job_folder.invoke("history", "nightly").stdout
    assert " (Europe/Berlin), took " in output
    assert " (Europe/Berlin): " in job_folder.invoke("night").stdout
    assert "the run failed: exit code 3" in output
    assert 'input  {"table":"sales"}' in output
    last_line = output.partition("The last output of attempt 2:\n")[2].splitlines()[0]
    assert last_line == '    attempt 2 says hello {"table":"sales"}'


def test_the_last_output_is_that_of_the_failed_step_and_not_of_a_stopped_one(
    job_folder: JobFolder,
) -> None:
    job_folder.run_job("flow")
    output = job_folder.invoke("history", "flow").stdout
    assert "The last output of Short, attempt 1:\n    no disk\n" in output


def test_the_output_of_an_attempt_with_a_successful_retry_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_output: RunOutput, attempts: Iterable[Attempt]) -> Iterator[OutputLine]:
        pytest.fail(f"the output of {list(attempts)} is read")

    monkeypatch.setattr(RunOutput, "all_lines", fail)
    again = (*RUN, failed(4, "a", 3), scheduled(5), succeeded(6, "b"), exited("Run", 7), entered("No", 8, "Fail"))
    context = CommandContext(lambda: Target("http://engine", "us-east-1"), lambda: None)
    command._print_last_output(context, story(*again, ("ExecutionFailed", 9, {"error": "No"})), labels_for({}))


def test_helper_states_of_a_job_are_shown_only_with_states(job_folder: JobFolder) -> None:
    job_folder.run_job("judged")
    assert [each[0] for each in table_rows(job_folder, "judged")] == ["attempt 1", "wait before attempt 2", "attempt 2"]
    assert "Again?" in job_folder.invoke("history", "judged", "--states").stdout


def test_a_skipped_run_is_shown_as_skipped(job_folder: JobFolder) -> None:
    job_folder.invoke("run", "single", "--name", "first")
    followed = job_folder.invoke("run", "single", "--follow")
    assert followed.exit_code == 0
    assert "skipped: another run of the job was running" in followed.stderr
    assert "the run was skipped: another run of the job was running" in followed.stderr
    assert table_rows(job_folder, "single") == [["skipped", "another run of the job was running"]]
    output = job_folder.invoke("history", "single").stdout
    assert output.splitlines()[0].endswith("skipped")
    assert "succeeded" not in output
    job_folder.invoke("stop", "single:first")


def test_json_output_is_the_run_and_then_each_row(job_folder: JobFolder) -> None:
    run = job_folder.run_job("judged")
    documents = job_folder.invoke_json("history", run["arn"])
    assert [each["kind"] for each in documents] == ["run", "attempt", "wait", "attempt"]
    assert (documents[0]["status"], documents[0]["error"]) == ("FAILED", "States.TaskFailed")
    assert [each["exitCodes"] for each in documents[1::2]] == [{"main": 7}, {"main": 7}]
    assert documents[2]["attempt"] == 2


def test_a_machine_without_a_job_file_is_shown_with_its_states(job_folder: JobFolder) -> None:
    states: Json = {
        "StartAt": "Here",
        "States": {
            "Here": {"Type": "Pass", "Next": "There"},
            "There": {"Type": "Fail", "Error": "Lost", "Cause": "no way"},
        },
    }
    run = job_folder.served.start(job_folder.served.machine(states, "states"))
    job_folder.served.ended(run)
    assert [each[0] for each in table_rows(job_folder, "states")] == ["Here", "There"]
    assert "the run failed: Lost: no way" in job_folder.invoke("history", "states").stdout
    assert table_rows(job_folder, "states", "--no-states") == []


def test_a_running_run_is_shown_up_to_now(job_folder: JobFolder) -> None:
    job_folder.run_job("endless")
    eventually(lambda: job_folder.invoke_json("history", "endless")[1:])
    output = job_folder.invoke("history", "endless").stdout
    assert "running" in output
    assert "lamplighter stop endless:" in output
    job_folder.invoke("stop", "endless")


def test_a_hint_has_the_options_that_chose_the_site(job_folder: JobFolder) -> None:
    run = job_folder.run_job("broken")["arn"]
    name = run.rsplit(":", 1)[1]
    output = job_folder.invoke("history", "broken", "--region", "us-east-1").stdout
    assert f"lamplighter logs broken:{name} --region us-east-1\n" in output
    assert f"lamplighter redrive broken:{name} --region us-east-1\n" in output
    assert f"lamplighter logs broken:{name}\n" in job_folder.invoke("history", "broken").stdout


def test_stopping_a_job_stops_its_running_run_with_the_given_cause(job_folder: JobFolder) -> None:
    job_folder.run_job("endless")
    result = job_folder.invoke("stop", "endless", "--cause", "enough")
    assert (result.exit_code, result.stdout.startswith("stopped endless:")) == (0, True)
    assert "the run was stopped: enough" in job_folder.invoke("history", "endless").stdout


def test_with_several_running_runs_stop_needs_a_run_name_or_all(job_folder: JobFolder) -> None:
    names = {job_folder.run_job("endless")["run"] for _ in range(2)}
    result = job_folder.invoke("stop", "endless")
    assert result.exit_code == 1
    assert {line.strip().removeprefix("endless:") for line in result.stderr.splitlines()[1:]} == names
    assert job_folder.invoke("stop", "endless", "--all").exit_code == 0
    assert job_folder.invoke_json("ps", "endless")[0]["running"] == []


def test_a_run_that_has_ended_cannot_be_stopped(job_folder: JobFolder) -> None:
    run = job_folder.run_job("quick")
    assert "has ended already: succeeded" in job_folder.invoke("stop", run["run"]).stderr
    result = job_folder.invoke("stop", "quick")
    assert (result.exit_code, "no run of quick is running" in result.stderr) == (1, True)


def test_a_redriven_run_continues_and_is_followed_from_the_redrive(job_folder: JobFolder) -> None:
    job_folder.run_job("nightly")
    result = job_folder.invoke("redrive", "nightly", "--follow")
    assert (result.exit_code, result.stderr.startswith("redriven nightly:")) == (1, True)
    prefixes = [line.partition(" says")[0] for line in result.stdout.splitlines()]
    assert prefixes == [f"{number} after the redrive | attempt {number}" for number in (1, 2)]
    assert "attempt 2 failed" not in result.stderr
    cells = table_rows(job_folder, "nightly")
    (redriven,) = [each for each in cells if each[0] == "redriven"]
    assert redriven[1].endswith("after it had ended")
    assert [each[0] for each in cells if each[0].startswith("attempt")] == [
        "attempt 1", "attempt 2", "attempt 1 after the redrive", "attempt 2 after the redrive",
    ]  # fmt: skip
    assert [line[:4] for line in job_folder.invoke("logs", "nightly").stdout.splitlines()] == [
        "1 | ",
        "2 | ",
        "1 af",
        "2 af",
    ]


def test_a_run_that_cannot_be_redriven_is_reported_with_the_command_to_start_a_new_one(job_folder: JobFolder) -> None:
    job_folder.run_job("quick")
    succeeded = job_folder.invoke("redrive", "quick")
    assert (succeeded.exit_code, "it succeeded" in succeeded.stderr) == (1, True)
    job_folder.run_job("judged")
    error_output = job_folder.invoke("redrive", "judged").stderr
    assert "would continue in the state Failed, from which the run can only fail again" in error_output
    assert "start a new run instead: lamplighter run judged" in error_output
    assert job_folder.invoke("redrive", "judged", "--force", "--follow").exit_code == 1
    assert job_folder.invoke_json("history", "judged", "--states")[-1]["kind"] == "redrive"


def test_a_running_run_cannot_be_redriven(job_folder: JobFolder) -> None:
    job_folder.run_job("endless")
    result = job_folder.invoke("redrive", "endless")
    assert (result.exit_code, "it is still running" in result.stderr) == (1, True)
    job_folder.invoke("stop", "endless")


def test_a_run_s_arn_works_with_an_invalid_job_file(job_folder: JobFolder, tmp_path: Path) -> None:
    run = job_folder.run_job("quick")
    (tmp_path / "lamplighter.yaml").write_text("jobs: {")
    result = job_folder.invoke("history", run["arn"], "--endpoint-url", job_folder.served.url, folder=tmp_path)
    assert result.exit_code == 0
    assert "the run succeeded" in result.stdout
    assert job_folder.invoke("history", "quick", folder=tmp_path).exit_code == 1


def test_a_run_name_that_is_not_unique_is_rejected(job_folder: JobFolder) -> None:
    for machine in ("one", "two"):
        job_folder.served.start(
            job_folder.served.machine(one_state({"Type": "Pass", "End": True}), machine), name="same"
        )
    result = job_folder.invoke("history", "same")
    assert result.exit_code == 1
    assert "use one of one:same, two:same" in result.stderr
