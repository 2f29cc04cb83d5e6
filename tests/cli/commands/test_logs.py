"""`lamplighter logs` prints the output of a run's containers, of every attempt."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.cli.job_folder import JobFolder
from tests.served_engine import run_task

INPUT = '{"table":"sales"}'


def test_lines_of_several_attempts_have_the_attempt_number_as_prefix(job_folder: JobFolder) -> None:
    job_folder.run_job("nightly")
    lines = [f"{n} | attempt {n} says hello {INPUT}" for n in (1, 2)]
    assert job_folder.invoke("logs", "nightly").stdout.splitlines() == lines


def test_lines_of_a_job_with_one_attempt_have_no_prefix(job_folder: JobFolder) -> None:
    job_folder.run_job("quick")
    assert job_folder.invoke("logs", "quick").stdout == "out\n"


def test_tail_and_since_limit_the_lines(job_folder: JobFolder) -> None:
    job_folder.run_job("nightly")
    assert job_folder.invoke("logs", "nightly", "--tail", "1").stdout.startswith("2 | ")
    assert job_folder.invoke("logs", "nightly", "--tail", "0").stdout == ""
    assert job_folder.invoke("logs", "nightly", "--since", "2100-01-01").stdout == ""
    assert len(job_folder.invoke("logs", "nightly", "--since", "1h").stdout.splitlines()) == 2


def test_a_run_without_output_is_reported_on_stderr(job_folder: JobFolder) -> None:
    job_folder.run_job("quick", "--command", "true")
    result = job_folder.invoke("logs", "quick")
    assert (result.exit_code, result.stdout, "wrote nothing at all" in result.stderr) == (0, "", True)
    job_folder.run_job("quick")
    assert "wrote nothing since then" in job_folder.invoke("logs", "quick", "--since", "2100-01-01").stderr
    assert job_folder.invoke("logs", "quick").stderr == ""
    assert job_folder.invoke("logs", "quick", "--tail", "0").stderr == ""


def test_timestamps_print_the_time_before_each_line(job_folder: JobFolder) -> None:
    job_folder.run_job("quick")
    (listed,) = job_folder.invoke_json("logs", "quick")
    written = datetime.fromisoformat(listed["time"]).astimezone(ZoneInfo("Europe/Berlin"))  # of all schedules
    expected = f"{written:%Y-%m-%d %H:%M:%S}.{written.microsecond // 1000:03} out\n"
    assert job_folder.invoke("logs", "quick", "--timestamps").stdout == expected
    assert job_folder.invoke("logs", "quick", "--timestamps", "--follow").stdout == expected


def test_json_output_has_the_time_and_the_attempt_of_each_line(job_folder: JobFolder) -> None:
    job_folder.run_job("nightly")
    first, second = job_folder.invoke_json("logs", "nightly")
    assert (first["attempt"], second["attempt"], first["container"], first["state"]) == (1, 2, "main", "Run")
    assert first["time"] <= second["time"]


def test_a_run_is_found_by_arn_by_name_and_by_job_and_name(job_folder: JobFolder) -> None:
    run = job_folder.run_job("quick")
    job_folder.run_job("quick")
    references = [run["arn"], run["run"], f"quick:{run['run']}", f"reports-quick:{run['run']}"]
    assert [job_folder.invoke("logs", each).stdout for each in references] == ["out\n"] * 4


def test_follow_ends_with_the_run_and_its_exit_code(job_folder: JobFolder) -> None:
    job_folder.run_job("endless", "--name", "followed")
    process = job_folder.start_command("logs", "-f", "endless:followed")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    job_folder.invoke("stop", "endless:followed")
    assert process.communicate(timeout=120) == ("", "")
    assert process.returncode == 4


def test_the_log_of_a_machine_without_a_job_file_is_found_through_its_task_definition(job_folder: JobFolder) -> None:
    served = job_folder.served
    served.client("logs").create_log_group(logGroupName="elsewhere")
    options = {"awslogs-group": "elsewhere", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "mine"}
    logs = {"logDriver": "awslogs", "options": options}
    task = served.task("other", ["sh", "-c", "echo there"], logConfiguration=logs)
    served.ecs.create_cluster(clusterName="default")
    machine = {"StartAt": "Job", "States": {"Job": run_task(task)}}
    served.ended(served.start(served.machine(machine, "other")))
    assert job_folder.invoke("logs", "other").stdout == "there\n"


def test_logs_of_a_distributed_map_s_child_runs_are_included(job_folder: JobFolder) -> None:
    served = job_folder.served
    served.client("logs").create_log_group(logGroupName="items")
    options = {"awslogs-group": "items", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "mine"}
    logs = {"logDriver": "awslogs", "options": options}
    task = served.task("item", ["sh", "-c", "echo item; exit 4"], logConfiguration=logs)
    served.ecs.create_cluster(clusterName="default")
    files = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": run_task(task)},
        },
        "ToleratedFailurePercentage": 100,
        "End": True,
    }
    served.ended(served.start(served.machine({"StartAt": "Files", "States": {"Files": files}}, "spread"), [1, 2]))
    lines = job_folder.invoke("logs", "spread").stdout.splitlines()
    assert [line.partition("[")[0] for line in lines] == ["Files", "Files"]
    assert all(line.endswith("Each 1 | item") for line in lines)
    assert "Files: 2 failed" in job_folder.invoke("history", "spread").stdout
    assert len(job_folder.invoke("logs", "-f", "spread").stdout.splitlines()) == 2


def test_a_container_without_awslogs_is_reported(job_folder: JobFolder) -> None:
    served = job_folder.served
    served.ecs.create_cluster(clusterName="default")
    machine = {"StartAt": "Job", "States": {"Job": run_task(served.task("silent", ["true"]))}}
    served.ended(served.start(served.machine(machine, "silent")))
    result = job_folder.invoke("logs", "silent")
    assert result.exit_code == 1
    assert "lacks awslogs-group or -stream-prefix" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["judged"], 1, "has no runs yet: start one with `lamplighter run judged`"),
        (["nightly:nobody"], 1, "has no run"),
        (["nobody"], 1, "no run has that name"),
        (["quick", "--since", "soon"], 2, "use a duration"),
        (["quick", "--json", "--follow"], 2, "not both"),
        (["arn:aws:states:us-east-1:123456789012:express:a:b:c"], 1, "no record of express executions"),
        (["arn:aws:states:us-east-1:123456789012:execution:a:b"], 1, "has no run"),
        (["arn:aws:s3:::bucket"], 1, "no job and no state machine"),
    ],
)
def test_invalid_arguments_are_rejected_with_the_reason(
    job_folder: JobFolder, arguments: list[str], code: int, message: str
) -> None:
    result = job_folder.invoke("logs", *arguments)
    assert result.exit_code == code, result.output
    assert message in " ".join(result.stderr.replace("│", " ").split())
