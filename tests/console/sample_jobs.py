"""Jobs for the tests of the console: plain processes with logs and schedules."""

import json
from pathlib import Path

from lamplighter.base.json_text import Json
from tests.served_engine import ROLE, ServedEngine, run_task

GROUP = "/lamplighter/reports"
RETRY: Json = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 2, "MaxAttempts": 2, "BackoffRate": 1.5}]
FAIL_ONCE_COMMAND = (
    "echo reading orders; sleep 0.5; if mkdir '{flag}'; then echo lost the database; exit 3; fi; echo all is well"
)
"""A command that fails the first time and succeeds the second time."""


def create_job(served: ServedEngine, name: str, command: str, **state: Json) -> str:
    """Create a state machine with one container that logs, and return its ARN."""
    return served.machine(
        {"StartAt": "Report", "States": {"Report": build_task_state(served, name, command, **state)}}, name
    )


def build_task_state(served: ServedEngine, name: str, command: str, **state: Json) -> Json:
    """Return a state that runs a container that logs."""
    options = {
        "awslogs-group": GROUP,
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": name,
        "awslogs-create-group": "true",
    }
    environment = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "REPORT", "value": name}]
    logging = {"logDriver": "awslogs", "options": options}
    definition = served.task(name, ["sh", "-c", command], environment=environment, logConfiguration=logging)
    return run_task(definition, **state)


def create_flaky_job(served: ServedEngine, name: str, flag: Path) -> str:
    """Create a job that fails, is retried and succeeds."""
    return create_job(served, name, FAIL_ONCE_COMMAND.format(flag=flag), Retry=RETRY)


def create_schedule(served: ServedEngine, name: str, machine: str, expression: str, zone: str = "Asia/Seoul") -> None:
    """Create a schedule of a job."""
    served.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        ScheduleExpressionTimezone=zone,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": json.dumps({"report": "daily"})},
    )


def is_task_running(served: ServedEngine) -> bool:
    """Return whether the containers of the only task run; its log exists from then on."""
    tasks = served.ecs.list_tasks()["taskArns"]
    return bool(tasks) and served.ecs.describe_tasks(tasks=tasks)["tasks"][0]["lastStatus"] == "RUNNING"


def start_map_run(served: ServedEngine, items: int) -> str:
    """Start a run of a distributed Map with many items, and return its ARN."""
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "One",
        "States": {"One": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "MaxConcurrency": 200, "End": True}
    machine = served.machine({"StartAt": "Each", "States": {"Each": state}}, "orders-import")
    return served.start(machine, {"items": list(range(items))}, f"items-{items}")
