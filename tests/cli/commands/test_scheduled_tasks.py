"""Commands treat the tasks that schedules and rules start without a state machine as the runs of a job."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import Json, loads
from lamplighter.cli.app import build_app
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually, run_task

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
NEVER = "cron(15 3 1 1 ? 2099)"
SCRIPT = 'echo "reading $ORDERS"; exit ${CODE:-3}'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path_factory.mktemp("engine") / "data")
    made.up()
    made.client("ecs").create_cluster(clusterName="default")
    yield made
    made.close()


def define(served: ServedEngine, family: str, script: str) -> str:
    """Register a task definition whose container logs, and return its ARN."""
    options = {"awslogs-group": "/night", "awslogs-region": REGION, "awslogs-stream-prefix": family,
               "awslogs-create-group": "true"}  # fmt: skip
    return served.task(family, ["sh", "-c", script], logConfiguration={"logDriver": "awslogs", "options": options})


def create_schedule(served: ServedEngine, name: str, definition: str, overrides: Json = None) -> None:
    network = {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}}
    parameters = {"TaskDefinitionArn": definition, "LaunchType": "FARGATE", "NetworkConfiguration": network}
    target: Json = {"Arn": CLUSTER, "RoleArn": ROLE, "EcsParameters": parameters}
    if overrides is not None:
        target["Input"] = json.dumps({"containerOverrides": [{"name": "main", **overrides}]})
    served.client("scheduler").create_schedule(
        Name=name, ScheduleExpression=NEVER, FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )


def create_job(served: ServedEngine, family: str, script: str = SCRIPT) -> None:
    """Create a job whose schedule overrides its environment."""
    orders = {"environment": [{"name": "ORDERS", "value": "orders.csv"}]}
    create_schedule(served, f"{family}-at-night", define(served, family, script), orders)


def invoke(served: ServedEngine, *words: str) -> Result:
    return CliRunner().invoke(build_app(words[0]), [*words, "--data", str(served.data)])


def invoke_json(served: ServedEngine, *words: str) -> list[Json]:
    result = invoke(served, *words, "--json")
    assert result.exit_code == 0, result.output
    return [loads(line) for line in result.stdout.splitlines()]


def start(served: ServedEngine, family: str, *options: str) -> Json:
    """Start a task and return it."""
    (started,) = invoke_json(served, "run", family, *options)
    return started


def wait_for_end(served: ServedEngine, started: Json) -> Json:
    """Wait until a task has stopped, and return it as `history` does."""

    def ended() -> Json:
        head = invoke_json(served, "history", started["arn"])[0]
        return head if head["ended"] else None

    return eventually(ended)


def test_run_starts_a_task_as_its_schedule_would_and_follows_it(served: ServedEngine) -> None:
    create_job(served, "followed")
    result = invoke(served, "run", "followed", "--follow")
    assert (result.exit_code, result.stdout) == (1, "reading orders.csv\n")
    assert "the task failed: exit code 3" in result.stderr
    (listed,) = invoke_json(served, "ps", "followed", "--all")
    assert (listed["status"], listed["startedBy"]) == ("FAILED", "lamplighter-run/followed-at-night")


def test_run_takes_environment_and_command_of_a_person(served: ServedEngine) -> None:
    create_job(served, "overridden")
    result = invoke(served, "run", "overridden", "--env", "CODE=0", "-f")
    assert (result.exit_code, result.stdout) == (0, "reading orders.csv\n")
    assert invoke(served, "run", "overridden", "--command", "echo instead", "-f").stdout == "instead\n"
    refused = invoke(served, "run", "overridden", "--input", "{}")
    assert refused.exit_code == 2
    assert "use --env or --command" in " ".join(refused.output.replace("│", " ").split())


def test_run_asks_in_whose_place_it_starts_a_task_if_schedules_differ(served: ServedEngine) -> None:
    definition = define(served, "choice", "echo $MODE")
    for mode in ("small", "full"):
        create_schedule(served, mode, definition, {"environment": [{"name": "MODE", "value": mode}]})
    refused = invoke(served, "run", "choice")
    assert refused.exit_code == 1
    assert "choice is started in different ways: use --like full or --like small" in refused.output
    assert invoke(served, "run", "choice", "--like", "small", "-f").stdout == "small\n"
    assert "no schedule or rule other starts choice" in invoke(served, "run", "choice", "--like", "other").output


def test_a_task_is_named_by_its_family_its_id_both_or_its_arn(served: ServedEngine) -> None:
    create_job(served, "named")
    first, latest = start(served, "named", "--env", "ORDERS=first.csv"), start(served, "named")
    for each in (first, latest):
        wait_for_end(served, each)
    assert invoke(served, "logs", "named").stdout == "reading orders.csv\n"
    for name in (f"named:{first['run']}", first["run"], first["arn"]):
        assert invoke(served, "logs", name).stdout == "reading first.csv\n"
    (line,) = invoke_json(served, "logs", "named")
    assert (line["message"], line["container"]) == ("reading orders.csv", "main")
    assert invoke(served, "logs", first["run"], "--follow").exit_code == 1
    unknown = invoke(served, "logs", f"named:{'0' * 32}")
    assert (unknown.exit_code, "has no task named:000" in unknown.stderr) == (1, True)
    assert "`lamplighter ps --all --data " in unknown.stderr


def test_history_tells_the_life_of_a_task_and_shows_its_last_output(served: ServedEngine) -> None:
    create_job(served, "told")
    started = start(served, "told")
    wait_for_end(served, started)
    head, *moments = invoke_json(served, "history", "told")
    assert (head["job"], head["status"], head["reason"]) == ("told", "FAILED", "exit code 3")
    told = {each["what"]: each["result"] for each in moments}
    assert told["created"] == "by hand, as told-at-night would"
    assert told["container main"] == "exit code 3"
    assert told["stopped"] == "EssentialContainerExited: Essential container in task exited"
    assert [each["what"] for each in moments if each["what"] in ("created", "started", "stopped")] == [
        "created", "started", "stopped",
    ]  # fmt: skip
    text = invoke(served, "history", "told").stdout
    assert f"told  {started['run']}  failed: exit code 3" in text
    assert "The last output of the task:\n    reading orders.csv" in text
    assert [each.partition(" --data ")[0] for each in text.splitlines()[-2:]] == [
        f"lamplighter logs told:{started['run']}",
        "lamplighter run told",
    ]


def test_stop_stops_the_tasks_of_a_family_and_redrive_names_run(served: ServedEngine) -> None:
    create_job(served, "endless", "exec sleep 1000")
    assert "no run of endless is running" in invoke(served, "stop", "endless").stderr
    first, second = start(served, "endless"), start(served, "endless")
    assert "2 runs of endless are running: name one, or use --all" in invoke(served, "stop", "endless").stderr
    assert invoke(served, "stop", f"endless:{first['run']}", "--cause", "wrong day").stdout == (
        f"stopped {first['arn']}\n"
    )
    stopped = wait_for_end(served, first)
    assert (stopped["status"], stopped["reason"]) == ("ABORTED", "wrong day")
    assert "has ended already: stopped" in invoke(served, "stop", first["run"]).stderr
    assert invoke(served, "stop", "endless").stdout == f"stopped {second['arn']}\n"
    wait_for_end(served, second)
    refused = invoke(served, "redrive", "endless")
    assert refused.exit_code == 1
    assert "no states to continue from: start it again with `lamplighter run endless --data " in refused.stderr
    assert re.search("stopped: wrong day", invoke(served, "ps", "endless", "--all").stdout)


def test_ps_lists_tasks_among_the_runs_of_state_machines_by_time(served: ServedEngine) -> None:
    create_job(served, "between", "true")
    machine = served.machine({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, "around")
    served.ended(served.start(machine, name="first"))
    task = start(served, "between")
    wait_for_end(served, task)
    served.ended(served.start(machine, name="last"))
    listed = invoke_json(served, "ps", "--all", "--count", "3")
    assert [(each["job"], each["run"]) for each in listed] == [
        ("around", "last"), ("between", task["run"]), ("around", "first"),
    ]  # fmt: skip


def test_the_attempt_of_a_run_is_not_stopped_behind_its_back(served: ServedEngine) -> None:
    definition = served.task("step", ["sleep", "1000"])
    execution = served.start(served.machine({"StartAt": "A", "States": {"A": run_task(definition)}}, "whole"))
    (arn,) = eventually(lambda: served.ecs.list_tasks(family="step")["taskArns"])
    refused = invoke(served, "stop", arn)
    assert (refused.exit_code, "stop the run" in refused.stderr) == (1, True)
    served.sfn.stop_execution(executionArn=execution)


def test_tasks_are_read_from_the_data_of_an_engine_that_does_not_run(tmp_path: Path) -> None:
    made = ServedEngine(tmp_path / "data")
    made.up()
    made.client("ecs").create_cluster(clusterName="default")
    create_job(made, "kept")
    wait_for_end(made, start(made, "kept"))
    made.close()
    assert invoke(made, "logs", "kept").stdout == "reading orders.csv\n"
    assert invoke_json(made, "ps", "kept")[0]["last"]["reason"] == "exit code 3"


def test_an_engine_lists_tasks_newest_first(served: ServedEngine) -> None:
    create_job(served, "listed", "true")
    first, second = start(served, "listed"), start(served, "listed")
    assert list_tasks(served, Cluster="default", Family="listed") == [second["arn"], first["arn"]]
    assert list_tasks(served, Limit=1) == [second["arn"]]


def list_tasks(served: ServedEngine, **params: Json) -> list[str]:
    query = {"service": "ecs", "operation": "ListScheduledTasks", "region": REGION, "params": json.dumps(params)}
    with urllib.request.urlopen(f"{served.url}/_lamplighter/call?{urlencode(query)}", timeout=60) as answer:
        return [each["taskArn"] for each in json.load(answer)["Tasks"]]
