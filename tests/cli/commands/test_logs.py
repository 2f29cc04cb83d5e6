"""`lamplighter logs` prints what the containers of a run wrote, of every attempt."""

from datetime import datetime

import pytest

from tests.cli.shared_run import SharedRun
from tests.served_engine import run_task

INPUT = '{"table":"sales"}'


def test_the_lines_of_all_attempts_have_their_numbers_before_them(batch: SharedRun) -> None:
    batch.run("nightly")
    lines = [f"{n} | attempt {n} says hello {INPUT}" for n in (1, 2)]
    assert batch.say("logs", "nightly").stdout.splitlines() == lines


def test_a_job_that_has_one_attempt_at_most_is_printed_as_it_is(batch: SharedRun) -> None:
    batch.run("quick")
    assert batch.say("logs", "quick").stdout == "out\n"


def test_the_last_lines_can_be_asked_for(batch: SharedRun) -> None:
    batch.run("nightly")
    assert batch.say("logs", "nightly", "--tail", "1").stdout.startswith("2 | ")
    assert batch.say("logs", "nightly", "--tail", "0").stdout == ""
    assert batch.say("logs", "nightly", "--since", "2100-01-01").stdout == ""
    assert len(batch.say("logs", "nightly", "--since", "1h").stdout.splitlines()) == 2


def test_a_run_that_wrote_nothing_says_so_beside_its_empty_output(batch: SharedRun) -> None:
    batch.run("quick", "--command", "true")
    result = batch.say("logs", "quick")
    assert (result.exit_code, result.stdout, "wrote nothing at all" in result.stderr) == (0, "", True)
    batch.run("quick")
    assert "wrote nothing since then" in batch.say("logs", "quick", "--since", "2100-01-01").stderr
    assert batch.say("logs", "quick").stderr == ""
    assert batch.say("logs", "quick", "--tail", "0").stderr == ""


def test_each_line_may_have_its_time_before_it(batch: SharedRun) -> None:
    batch.run("quick")
    (listed,) = batch.listed("logs", "quick")
    written = datetime.fromisoformat(listed["time"]).astimezone()
    expected = f"{written:%Y-%m-%d %H:%M:%S}.{written.microsecond // 1000:03} out\n"
    assert batch.say("logs", "quick", "--timestamps").stdout == expected
    assert batch.say("logs", "quick", "--timestamps", "--follow").stdout == expected


def test_programs_read_each_line_with_its_time_and_its_attempt(batch: SharedRun) -> None:
    batch.run("nightly")
    first, second = batch.listed("logs", "nightly")
    assert (first["attempt"], second["attempt"], first["container"], first["state"]) == (1, 2, "main", "Run")
    assert first["time"] <= second["time"]


def test_a_run_is_found_by_arn_by_name_and_by_job_and_name(batch: SharedRun) -> None:
    run = batch.run("quick")
    batch.run("quick")
    words = [run["arn"], run["run"], f"quick:{run['run']}", f"reports-quick:{run['run']}"]
    assert [batch.say("logs", each).stdout for each in words] == ["out\n"] * 4


def test_following_ends_with_the_run_and_its_result(batch: SharedRun) -> None:
    batch.run("endless", "--name", "followed")
    watcher = batch.process("logs", "-f", "endless:followed")
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "begun\n"
    batch.say("stop", "endless:followed")
    assert watcher.communicate(timeout=120) == ("", "")
    assert watcher.returncode == 4


def test_a_machine_that_no_job_file_made_has_its_log_where_its_task_definition_says(batch: SharedRun) -> None:
    served = batch.served
    served.client("logs").create_log_group(logGroupName="elsewhere")
    options = {"awslogs-group": "elsewhere", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "mine"}
    logs = {"logDriver": "awslogs", "options": options}
    task = served.task("other", ["sh", "-c", "echo there"], logConfiguration=logs)
    served.ecs.create_cluster(clusterName="default")
    machine = {"StartAt": "Job", "States": {"Job": run_task(task)}}
    served.ended(served.start(served.machine(machine, "other")))
    assert batch.say("logs", "other").stdout == "there\n"


def test_the_runs_that_a_distributed_map_starts_for_its_items_are_read_with_it(batch: SharedRun) -> None:
    served = batch.served
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
    lines = batch.say("logs", "spread").stdout.splitlines()
    assert [line.partition("[")[0] for line in lines] == ["Files", "Files"]
    assert all(line.endswith("Each 1 | item") for line in lines)
    assert "Files: 2 failed" in batch.say("history", "spread").stdout
    assert len(batch.say("logs", "-f", "spread").stdout.splitlines()) == 2


def test_containers_that_log_nowhere_are_said_to(batch: SharedRun) -> None:
    served = batch.served
    served.ecs.create_cluster(clusterName="default")
    machine = {"StartAt": "Job", "States": {"Job": run_task(served.task("silent", ["true"]))}}
    served.ended(served.start(served.machine(machine, "silent")))
    result = batch.say("logs", "silent")
    assert result.exit_code == 1
    assert "lacks awslogs-group or -stream-prefix" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "why"),
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
def test_what_makes_no_sense_is_refused_and_said(batch: SharedRun, words: list[str], code: int, why: str) -> None:
    result = batch.say("logs", *words)
    assert result.exit_code == code, result.output
    assert why in " ".join(result.stderr.replace("│", " ").split())
