"""`ps` and `next` list the tasks that schedules and rules start without a state machine, by their family."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.cli.app import build_app
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.command_context import CommandContext
from lamplighter.cli.engine_client.client import EngineClient
from lamplighter.cli.runs.lookup import job_schedules
from lamplighter.cli.target import Target
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually

CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/default"
RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"


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
    create_schedule(served, "b", "cron(45 3 * * ? *)", {"Arn": RUN_TASK, "Input": dumps(universal)})
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
    assert any(line.startswith("failing") and "failed: exit code 3" in line for line in lines)
    assert any(line.startswith("endless") and "running (" in line for line in lines)
    assert invoke(served, "ps", "idle").stdout.splitlines()[1].split()[:2] == ["idle", "never"]


OTHER_ACCOUNT = f"arn:aws:ecs:{REGION}:210987654321:cluster/batch"


@pytest.mark.parametrize("cluster", ["gone", OTHER_ACCOUNT])
def test_a_schedule_whose_cluster_does_not_exist_has_no_tasks_and_hides_no_others(
    served: ServedEngine, cluster: str
) -> None:
    definition = define(served, "nightly", "true")
    create_schedule(served, "fine", "cron(15 3 1 1 ? 2099)", ecs_target(define(served, "fine", "true")))
    universal = {"Cluster": cluster, "TaskDefinition": definition}
    create_schedule(served, "lost", "cron(45 3 1 1 ? 2099)", {"Arn": RUN_TASK, "Input": dumps(universal)})
    assert [(each["job"], each["last"], each["running"]) for each in invoke_json(served, "ps")] == [
        ("fine", None, []),
        ("nightly", None, []),
    ]


class InterruptedClient:
    """A client of an engine before whose calls of one method something happens."""

    def __init__(self, client: EngineClient, method: str, first: Callable[[Json], None]) -> None:
        self._client, self._method, self._first = client, method, first

    def __getattr__(self, name: str) -> Json:
        call = getattr(self._client, name)
        if name != self._method:
            return call

        def first_and_call(**params: Json) -> Json:
            self._first(params)
            return call(**params)

        return first_and_call

    def get_paginator(self, operation: str) -> Json:
        """Return a paginator that calls the method of this client."""
        paginator = self._client.get_paginator(operation)
        return replace(paginator, call=getattr(self, operation))


def interrupt(monkeypatch: pytest.MonkeyPatch, method: str, first: Callable[[Json], None]) -> None:
    """Let `first` happen before each call of a method that a command makes."""
    open_client = Target.client
    monkeypatch.setattr(
        Target, "client", lambda target, service: InterruptedClient(open_client(target, service), method, first)
    )


@pytest.mark.parametrize(
    ("code", "shown"), [("InvalidParameterException", True), ("AccessDeniedException", False)]
)  # what ECS on AWS answers for the cluster of another account; a permission that is missing
def test_only_a_cluster_that_does_not_exist_is_taken_for_an_empty_one(
    served: ServedEngine, monkeypatch: pytest.MonkeyPatch, code: str, shown: bool
) -> None:
    create_schedule(served, "a", "cron(15 3 1 1 ? 2099)", ecs_target(define(served, "nightly", "true")))

    def refuse(_params: Json) -> None:
        message = f"Identifier is for 210987654321. Your accountId is {ACCOUNT}"
        raise ClientError({"Error": {"Code": code, "Message": message}}, "ListTasks")

    interrupt(monkeypatch, "list_tasks", refuse)
    monkeypatch.setattr(CommandContext, "call_internal", lambda *_words, **_params: None)  # as on AWS
    result = invoke(served, "ps")
    assert (result.exit_code == 0, "nightly" in result.stdout) == (shown, shown)
    assert ("Identifier is for" in result.stderr) is not shown


@pytest.mark.parametrize("command", ["ps", "next"])
@pytest.mark.parametrize("universal", [False, True])
def test_a_schedule_that_is_deleted_while_the_list_is_read_is_left_out(
    served: ServedEngine, monkeypatch: pytest.MonkeyPatch, command: str, universal: bool
) -> None:
    definition = define(served, "nightly", "true")
    given = {"Arn": RUN_TASK, "Input": dumps({"TaskDefinition": definition})} if universal else ecs_target(definition)
    for name in ("deleted", "kept"):
        create_schedule(served, name, "cron(15 3 1 1 ? 2099)", given)

    def delete(params: Json) -> None:
        if params["Name"] == "deleted":
            served.client("scheduler").delete_schedule(Name="deleted")

    monkeypatch.setattr(job_schedules, "read_from_engine", lambda *_words, **_params: None)  # as on AWS
    interrupt(monkeypatch, "get_schedule", delete)
    assert [each["job"] for each in invoke_json(served, command)] == ["nightly"]


@pytest.mark.parametrize("command", ["ps", "next"])
def test_a_rule_that_is_deleted_while_the_list_is_read_is_left_out(
    served: ServedEngine, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    events = served.client("events")
    target = {"Id": "1", "RoleArn": ROLE, **ecs_target(define(served, "nightly", "true"))}
    for name in ("deleted", "kept"):
        events.put_rule(Name=name, ScheduleExpression="cron(15 3 1 1 ? 2099)")
        events.put_targets(Rule=name, Targets=[target])

    def delete(params: Json) -> None:
        if params["Rule"] == "deleted":
            events.remove_targets(Rule="deleted", Ids=["1"])
            events.delete_rule(Name="deleted")

    interrupt(monkeypatch, "list_targets_by_rule", delete)
    assert [each["job"] for each in invoke_json(served, command)] == ["nightly"]


@pytest.mark.parametrize("command", ["ps", "next"])
def test_a_schedule_without_the_name_of_a_task_definition_is_left_out(served: ServedEngine, command: str) -> None:
    create_schedule(served, "a", "cron(15 3 1 1 ? 2099)", {"Arn": RUN_TASK, "Input": dumps({"TaskDefinition": ""})})
    assert invoke_json(served, command) == []
