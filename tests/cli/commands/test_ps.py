"""`lamplighter ps` shows running runs, how the last run ended and the next time of each job."""

from datetime import datetime
from pathlib import Path

import pytest

from lamplighter.base.aws.service_model import OperationModel
from lamplighter.base.json_text import Json, dumps
from lamplighter.cli.engine_client.client import EngineClient
from lamplighter.cli.runs import formatting
from tests.cli.job_folder import JobFolder
from tests.served_engine import eventually


def wait_until_started(job_folder: JobFolder) -> None:
    """Wait until the first attempt of the endless job has started; the run starts before it."""

    def attempts() -> Json:
        (job,) = [each for each in job_folder.invoke_json("ps") if each["job"] == "endless"]
        return job["running"][0]["attempts"]

    eventually(attempts)


def test_each_job_is_listed_with_its_last_run_running_runs_and_next_time(job_folder: JobFolder) -> None:
    ended = job_folder.run_job("nightly")
    running = job_folder.run_job("endless")
    wait_until_started(job_folder)
    jobs = {each["job"]: each for each in job_folder.invoke_json("ps")}
    assert [*jobs] == ["nightly", "judged", "endless", "single", "beside", "quick", "broken", "flow"]
    assert (jobs["nightly"]["last"]["run"], jobs["nightly"]["last"]["status"]) == (ended["run"], "FAILED")
    assert jobs["nightly"]["next"].endswith(("T00:30:00.000Z", "T01:30:00.000Z"))
    assert [each["run"] for each in jobs["endless"]["running"]] == [running["run"]]
    assert [each["attempt"] for each in jobs["endless"]["running"][0]["attempts"]] == [1]
    assert jobs["judged"]["paused"]
    assert jobs["judged"]["last"] is None
    assert job_folder.invoke("stop", "endless").exit_code == 0


def test_the_table_shows_running_attempts_paused_jobs_and_undeployed_jobs(job_folder: JobFolder) -> None:
    run = job_folder.run_job("endless")
    wait_until_started(job_folder)
    result = job_folder.invoke("ps")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("endless")]
    assert "attempt 1 since " in line
    assert run["run"] in line
    assert "paused" in next(line for line in result.stdout.splitlines() if line.startswith("judged"))
    assert result.stderr.strip().endswith(" yet: later")
    job_folder.invoke("stop", "endless")


def test_the_latest_runs_of_all_jobs_are_listed_newest_first(job_folder: JobFolder) -> None:
    first, second = job_folder.run_job("quick"), job_folder.run_job("nightly")
    listed = job_folder.invoke_json("ps", "--all", "--count", "2")
    assert [(each["job"], each["run"]) for each in listed] == [("nightly", second["run"]), ("quick", first["run"])]
    assert job_folder.invoke_json("ps", "quick", "--all")[0]["status"] == "SUCCEEDED"
    assert "succeeded" in job_folder.invoke("ps", "--all").stdout


def test_a_skipped_run_is_not_shown_as_a_success(job_folder: JobFolder) -> None:
    job_folder.invoke("run", "single", "--name", "going")
    skipped = job_folder.run_job("single")
    (line,) = [line for line in job_folder.invoke("ps").stdout.splitlines() if line.startswith("single")]
    assert ("skipped" in line, "succeeded" in line) == (True, False)
    (listed,) = job_folder.invoke_json("ps", "single")
    assert (listed["last"], listed["skipped"]["run"]) == (None, skipped["run"])
    (line,) = [
        line for line in job_folder.invoke("ps", "single", "--all").stdout.splitlines() if skipped["run"] in line
    ]
    assert ("skipped" in line, "succeeded" in line) == (True, False)
    job_folder.invoke("stop", "single:going")


def test_the_last_failure_is_shown_before_later_skipped_runs(job_folder: JobFolder, tmp_path: Path) -> None:
    marker = tmp_path / "done"
    job_folder.invoke("run", "beside", "--name", "failing", "--env", f"LAMPLIGHTER_DONE={marker}")
    skipped = [job_folder.run_job("beside") for _ in range(3)]
    marker.touch()
    job_folder.served.ended(job_folder.invoke_json("history", "beside:failing")[0]["arn"])
    (listed,) = job_folder.invoke_json("ps", "beside")
    assert (listed["last"]["run"], listed["last"]["status"]) == ("failing", "FAILED")
    assert (listed["last"]["exitCodes"], listed["last"]["error"]) == ({"main": 5}, "States.TaskFailed")
    assert listed["skipped"]["run"] == skipped[-1]["run"]
    text = job_folder.invoke("ps", "beside").stdout
    assert "failed: exit code 5" in text
    assert "(failing)" in text
    assert "then skipped" in text
    assert "failed: exit code 5" in job_folder.invoke("ps", "beside", "--all").stdout


def test_a_job_that_ran_only_as_a_step_is_shown_with_its_workflow(job_folder: JobFolder) -> None:
    result = job_folder.invoke("ps")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("broken")]
    assert "never" not in line
    assert "as a step of flow" in line


def test_a_row_that_is_too_wide_is_printed_as_a_block_with_full_names(
    job_folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a-name-that-is-as-long-as-names-of-runs-may-be-since-programs-make-them-" + "x" * 8
    job_folder.invoke("run", "endless", "--name", name)
    monkeypatch.setattr(formatting, "is_terminal", lambda **_: True)
    for width in (40, 80, 110):
        monkeypatch.setenv("COLUMNS", str(width))
        for arguments in (("ps",), ("ps", "--all"), ("ps", "endless")):
            lines = job_folder.invoke(*arguments).stdout.splitlines()
            assert any(name in line for line in lines), (width, arguments)
            assert any(line.startswith("endless") for line in lines)
    job_folder.invoke("stop", "endless")


def test_a_redriven_run_s_duration_excludes_the_time_before_the_redrive(job_folder: JobFolder) -> None:
    run = job_folder.run_job("nightly")
    job_folder.invoke("redrive", "nightly", "--follow")
    (listed,) = job_folder.invoke_json("ps", "nightly")
    head = job_folder.invoke_json("history", "nightly")[0]
    assert listed["last"]["redrives"] == 1
    (redrive,) = [each for each in job_folder.invoke_json("history", "nightly") if each["kind"] == "redrive"]
    gap = parse_time(redrive["time"]) - parse_time(redrive["ended"])
    elapsed = parse_time(listed["last"]["ended"]) - parse_time(run["began"])
    assert listed["last"]["seconds"] == head["seconds"] == pytest.approx((elapsed - gap).total_seconds())


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_without_a_job_file_all_jobs_are_listed_by_the_names_of_their_job_files(
    job_folder: JobFolder, tmp_path: Path
) -> None:
    result = job_folder.invoke("ps", "--endpoint-url", job_folder.served.url, folder=tmp_path)
    names = [line.split()[0] for line in result.stdout.splitlines()[1:] if line[0] != " "]
    assert names == ["beside", "broken", "endless", "flow", "judged", "nightly", "quick", "single"]


@pytest.mark.parametrize("name", ["quick", "reports-quick"])
def test_without_a_job_file_a_command_accepts_both_names_of_a_job(
    job_folder: JobFolder, tmp_path: Path, name: str
) -> None:
    there = ("--endpoint-url", job_folder.served.url)
    (started,) = job_folder.invoke("run", name, *there, folder=tmp_path).stdout.splitlines()
    assert started.startswith("quick:")
    history = job_folder.invoke("history", started, *there, folder=tmp_path).stdout
    assert history.startswith(f"quick  {started.partition(':')[2]}")
    assert f"lamplighter logs {started}" in history


def test_without_a_job_file_a_step_of_a_workflow_is_shown_with_its_workflow(
    job_folder: JobFolder, tmp_path: Path
) -> None:
    result = job_folder.invoke("ps", "broken", "--endpoint-url", job_folder.served.url, folder=tmp_path)
    assert "as a step of flow" in result.stdout


def test_a_removed_job_that_still_runs_is_listed(job_folder: JobFolder, tmp_path: Path) -> None:
    sfn = job_folder.served.client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/any"
    wait = dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 10_000, "End": True}}})
    tags = [{"key": "lamplighter:job", "value": "gone"}, {"key": "lamplighter:project", "value": "reports"}]
    machine = sfn.create_state_machine(name="reports-gone", definition=wait, roleArn=role, tags=tags)["stateMachineArn"]
    run = sfn.start_execution(stateMachineArn=machine, name="last")["executionArn"]
    (line,) = [line for line in job_folder.invoke("ps").stdout.splitlines() if line.startswith("gone ")]
    assert "(last, " in line
    assert "the job was deleted" in line
    other = job_folder.invoke("ps", "--endpoint-url", job_folder.served.url, folder=tmp_path).stdout
    assert any(line.startswith("gone ") for line in other.splitlines())
    job_folder.invoke("stop", run)
    assert "gone" not in job_folder.invoke("ps").stdout
    sfn.delete_state_machine(stateMachineArn=machine)


def test_an_invalid_job_file_does_not_prevent_the_list(job_folder: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "lamplighter.yaml").write_text("project: reports\njobs: {nightly: {comand: ls}}\n")
    options = ("--endpoint-url", job_folder.served.url)
    result = job_folder.invoke("ps", *options, folder=tmp_path)
    assert (result.exit_code, "nightly" in result.stdout) == (0, True)
    assert "did you mean `command`?" in result.stderr
    assert "lamplighter.yaml has errors, so the jobs of all projects are listed" in result.stderr
    explicit = job_folder.invoke("ps", *options, "--file", "lamplighter.yaml", folder=tmp_path)
    assert (explicit.exit_code, explicit.stdout) == (1, "")


def test_without_an_engine_the_command_that_starts_one_is_named(job_folder: JobFolder, tmp_path: Path) -> None:
    result = job_folder.invoke("ps", folder=tmp_path)
    assert result.exit_code == 1
    assert "lamplighter up" in result.stderr


def test_an_unreachable_engine_is_reported_in_one_sentence(job_folder: JobFolder) -> None:
    result = job_folder.invoke("ps", "--endpoint-url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr


def test_the_list_and_the_history_say_why_a_run_waits_for_room(job_folder: JobFolder) -> None:
    """The engine of the folder has no limits of its own, so a task that must not overlap waits here."""
    ecs = job_folder.served.client("ecs")
    (definition,) = ecs.list_task_definitions(familyPrefix="reports-endless")["taskDefinitionArns"]
    ecs.tag_resource(resourceArn=definition, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    first = job_folder.run_job("endless")
    wait_until_started(job_folder)
    second = job_folder.run_job("endless")

    def waiting_line() -> str:
        lines = job_folder.invoke("ps", "endless").stdout.splitlines()
        return next((line for line in lines if "waits until" in line and second["run"] in line), "")

    eventually(waiting_line)
    assert "attempt 1 waits until the previous task of its family has stopped, since" in waiting_line()
    history = job_folder.invoke("history", second["arn"]).stdout
    assert "attempt 1        waits until the previous task of its family has stopped" in history
    assert_everywhere_waiting(job_folder, second["run"])
    job_folder.invoke("stop", first["arn"])
    job_folder.invoke("stop", second["arn"])
    ecs.untag_resource(resourceArn=definition, tagKeys=["lamplighter:overlap"])


def assert_everywhere_waiting(job_folder: JobFolder, run: str) -> None:
    """Check that each command says of a run that waits that it is waiting."""
    assert f"{run}  waiting\n" in job_folder.invoke("history", f"endless:{run}").stdout
    (line,) = [each for each in job_folder.invoke("ps", "endless", "--all").stdout.splitlines() if run in each]
    assert line.split()[2] == "waiting"
    (row,) = [each for each in job_folder.invoke_json("night") if each["run"] == run]
    assert (row["status"], row["reason"].startswith("The run waits "), row["reason"][-1] == ".") == (
        "waiting", True, False,
    )  # fmt: skip


def test_the_list_the_history_and_follow_say_that_a_run_waits_for_an_earlier_one(job_folder: JobFolder) -> None:
    sfn = job_folder.served.sfn
    (machine,) = [
        each["stateMachineArn"] for each in sfn.list_state_machines()["stateMachines"] if "endless" in each["name"]
    ]
    sfn.tag_resource(resourceArn=machine, tags=[{"key": "lamplighter:overlap", "value": "queue"}])
    first, second = job_folder.run_job("endless"), job_folder.run_job("endless")
    (line,) = [line for line in job_folder.invoke("ps", "endless").stdout.splitlines() if second["run"] in line]
    assert "waits for its turn: an earlier run has to end first" in line
    assert "the run waits for its turn: an earlier run" in job_folder.invoke("history", second["arn"]).stdout
    assert_everywhere_waiting(job_folder, second["run"])
    follower = job_folder.start_command("run", "endless", "--follow")
    assert follower.stderr is not None
    assert any("waits for its turn" in each for each in iter(follower.stderr.readline, ""))
    follower.kill()
    follower.communicate()
    sfn.untag_resource(resourceArn=machine, tagKeys=["lamplighter:overlap"])
    for each in sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        sfn.stop_execution(executionArn=each["executionArn"])
    assert first["run"] != second["run"]


def test_a_long_reason_is_cut_so_that_the_list_stays_a_table(
    job_folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_folder.run_job("endless", "--name", "stopped-at-length")
    job_folder.invoke("stop", "endless:stopped-at-length", "--cause", "the moon was in the wrong phase " * 4)
    monkeypatch.setattr(formatting, "is_terminal", lambda **_: True)
    monkeypatch.setenv("TERM", "dumb")
    shown = {}
    for width in (110, 250):
        monkeypatch.setenv("COLUMNS", str(width))
        shown[width] = job_folder.invoke("ps", "endless").stdout.splitlines()
    assert all(lines[0].split() == ["JOB", "NOW", "LAST", "RUN", "NEXT", "RUN"] for lines in shown.values())
    assert "stopped: the moon was in t…, " in shown[110][1]
    assert "stopped: the moon was in the wrong phase the moon" in shown[250][1]


def test_further_jobs_without_a_run_under_way_need_no_further_calls(
    job_folder: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_folder.run_job("quick")
    calls: list[str] = []
    call = EngineClient.call

    def record(client: EngineClient, operation: OperationModel, params: Json) -> Json:
        calls.append(operation.name)
        return call(client, operation, params)

    monkeypatch.setattr(EngineClient, "call", record)
    listed = {each["job"]: each for each in job_folder.invoke_json("ps")}
    busy = [each for each in listed.values() if each["running"] or each["skipped"]]
    assert listed["quick"]["last"]["status"] == "SUCCEEDED"
    assert len(busy) < len(listed)
    assert calls.count("ListExecutions") <= 2 * len(busy)
    assert calls.count("GetSchedule") == calls.count("ListRuleNamesByTarget") == 0
    calls.clear()
    assert [each["job"] for each in job_folder.invoke_json("ps", "--all", "--count", "1")] == ["quick"]
    assert calls.count("ListExecutions") == 1
