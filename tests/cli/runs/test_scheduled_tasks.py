"""`ps` and `next` list the tasks that schedules and rules start without a state machine, by their family."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.cli.app import build_app
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedEngine]:
    made = ServedEngine(tmp_path / "data")
    made.up()
    made.client("ecs").create_cluster(clusterName="default")
    yield made
    made.close()


def define(served: ServedEngine, family: str, script: str) -> str:
    """Register a task definition and return its ARN."""
    container = {"name": "main", "command": ["sh", "-c", script]}
    answer = served.client("ecs").register_task_definition(family=family, containerDefinitions=[container])
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def create_schedule(served: ServedEngine, name: str, expression: str, target: Json) -> None:
    served.client("scheduler").create_schedule(
        Name=name, ScheduleExpression=expression, FlexibleTimeWindow={"Mode": "OFF"}, Target={"RoleArn": ROLE, **target}
    )


def ecs_target(definition: str) -> Json:
    return {"Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": definition}}


def invoke(served: ServedEngine, *words: str) -> Result:
    result = CliRunner().invoke(build_app(words[0]), [*words, "--data", str(served.data)])
    assert result.exit_code in (0, 1), result.output
    return result


def invoke_json(served: ServedEngine, *words: str) -> list[Json]:
    return [loads(line) for line in invoke(served, *words, "--json").stdout.splitlines()]


def test_next_lists_the_times_of_schedules_and_rules_that_start_tasks(served: ServedEngine) -> None:
    create_schedule(served, "a", "cron(15 3 * * ? *)", ecs_target(define(served, "templated", "true")))
    universal = {"Cluster": "default", "TaskDefinition": define(served, "universal", "true")}
    create_schedule(
        served, "b", "cron(45 3 * * ? *)", {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", "Input": dumps(universal)}
    )
    events = served.client("events")
    events.put_rule(Name="ruled", ScheduleExpression="cron(0 5 * * ? *)")
    target = {"Id": "1", "RoleArn": ROLE, **ecs_target(define(served, "of-a-rule", "true"))}
    events.put_targets(Rule="ruled", Targets=[target])
    listed = invoke_json(served, "next", "--count", "1")
    assert {each["job"]: each["time"][11:16] for each in listed} == {
        "templated": "03:15",
        "universal": "03:45",
        "of-a-rule": "05:00",
    }
    (only,) = invoke_json(served, "next", "universal", "--count", "1")
    assert only["job"] == "universal"
    assert "no job and no state machine" in invoke(served, "next", "unknown").stderr


def test_ps_lists_what_runs_how_the_last_task_ended_and_the_next_time(served: ServedEngine) -> None:
    create_schedule(served, "failing", "rate(1 minute)", ecs_target(define(served, "failing", "exit 3")))
    create_schedule(served, "endless", "rate(1 minute)", ecs_target(define(served, "endless", "exec sleep 1000")))
    create_schedule(served, "idle", "cron(15 3 1 1 ? 2099)", ecs_target(define(served, "idle", "true")))

    def overview() -> dict[str, Json]:
        return {each["job"]: each for each in invoke_json(served, "ps")}

    found = eventually(lambda: (all_ := overview()) and all_["failing"]["last"] and all_["endless"]["running"] and all_)
    assert [each["status"] for each in found["endless"]["running"]] == ["RUNNING"] * len(found["endless"]["running"])
    last = found["failing"]["last"]
    assert (last["status"], last["reason"], last["exitCodes"]) == ("FAILED", "exit code 3", {"main": 3})
    assert (found["idle"]["last"], found["idle"]["next"]) == (None, "2099-01-01T03:15:00.000Z")
    lines = invoke(served, "ps").stdout.splitlines()
    assert any(line.startswith("failing") and "failed with exit code 3" in line for line in lines)
    assert any(line.startswith("endless") and "running (" in line for line in lines)
    assert invoke(served, "ps", "idle").stdout.splitlines()[1].split()[:2] == ["idle", "never"]
