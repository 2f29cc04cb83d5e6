"""After a storm, compare the answers to the clients with what the engine has."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.executions import check_history, check_output
from tests.chaos.storm.change_sets import check_change_sets
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.map_results import read_map_results
from tests.chaos.storm.metrics import check_metric
from tests.chaos.storm.object_files import check_object_files
from tests.chaos.storm.object_versions import check_versions
from tests.chaos.storm.registers.register_clients import check_register
from tests.chaos.storm.resources import GROUP, STREAM, Resources
from tests.chaos.storm.sessions import check_sessions
from tests.chaos.storm.value_history import check_parameter_histories, check_secret_stages
from tests.served_engine import ServedEngine

MESSAGES = ("sqs", "fifo", "sns", "http", "events", "scheduler", "express")


def reconcile(served: ServedEngine, ledger: Ledger, resources: Resources, folder: Path, timeout: float) -> Figures:
    """Wait until all work has ended, at most `timeout` seconds; then count what is lost, doubled or stuck."""
    figures = Figures(calls=ledger.calls)
    deadline = time.monotonic() + timeout
    submitted: Counter[str] = Counter()
    for item, arn in ledger.accepted_items("execution"):
        _check_execution(served, resources, item, arn, deadline, figures, submitted)
    _check_stacks(served, ledger, deadline, figures)
    _check_stored_values(served, ledger, lambda done: _wait(done, deadline), figures)
    _record_log_lines(served, ledger)
    _wait(lambda: not ledger.missing(*MESSAGES), deadline)
    figures.lost += ledger.missing(*MESSAGES, "logs")
    ledger.count_duplicates(figures)
    _compare_runs(folder, submitted, figures)
    return figures


def _wait(done: Callable[[], bool], deadline: float) -> bool:
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _check_stored_values(
    served: ServedEngine, ledger: Ledger, wait: Callable[[Callable[[], bool]], bool], figures: Figures
) -> None:
    """Check what a service stores and returns."""
    calls = ClientCalls(served, ledger, lambda: True)
    for name in ledger.values.names():
        if not check_register(calls, name):
            figures.lost.append(f"{name} cannot be read")
    check_parameter_histories(served, ledger, figures)
    check_secret_stages(served, ledger, figures)
    check_versions(served, ledger, figures)
    check_change_sets(served, ledger, figures, wait)
    check_metric(served, ledger, figures)
    check_sessions(served, ledger, figures)
    check_object_files(served, figures, wait)


def _check_execution(
    served: ServedEngine,
    resources: Resources,
    item: WorkItem,
    arn: str,
    deadline: float,
    figures: Figures,
    submitted: Counter[str],
) -> None:
    kind = item.name.partition("-")[0]
    sfn = served.sfn
    found: Json = {}

    def ended() -> bool:
        found.update(sfn.describe_execution(executionArn=arn))
        return bool(found["status"] != "RUNNING")

    try:
        if not _wait(ended, deadline):
            figures.stuck.append(str(item))
        elif found["status"] != "SUCCEEDED":
            figures.lost.append(f"{item}: {found['status']} {found.get('error')} {found.get('cause')}")
        else:
            output = json.loads(found["output"])
            check_output(kind, resources.machines[kind][1], read_map_results(served, output, kind))
            if kind in ("retry", "wait", "parallel", "map", "secrets"):
                submitted.update(check_history(served, arn))
    except ClientError as error:
        figures.lost.append(f"{item}: {error}")
    except AssertionError as error:
        figures.lost.append(f"{item}: its history or output is wrong: {error}")


def _compare_runs(folder: Path, submitted: Counter[str], figures: Figures) -> None:
    """Compare the attempts that really ran with those in the histories."""
    runs = Counter((folder / "runs").read_text().split() if (folder / "runs").exists() else [])
    figures.doubled += [f"task {task} ran {times} times" for task, times in runs.items() if times > 1]
    if not figures.stuck:
        figures.lost += [f"task {task} never ran" for task in submitted.keys() - runs.keys()]
        figures.doubled += [f"task {task} is in no history" for task in runs.keys() - submitted.keys()]


def _check_stacks(served: ServedEngine, ledger: Ledger, deadline: float, figures: Figures) -> None:
    deleted = {item.name for item, _ in ledger.accepted_items("deleted stack")}
    cloudformation = served.client("cloudformation")
    for item, _ in ledger.accepted_items("stack"):
        status = [""]

        def settled(name: str = item.name, status: list[str] = status) -> bool:
            try:
                status[0] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            except ClientError:
                status[0] = "gone"
            return not status[0].endswith("_IN_PROGRESS")

        expected = ("gone", "DELETE_COMPLETE") if item.name in deleted else ("CREATE_COMPLETE",)
        if not _wait(settled, deadline):
            figures.stuck.append(f"{item}: {status[0]}")
        elif status[0] not in expected:
            figures.lost.append(f"{item}: {status[0]}")
        elif _has_queue(served, item.name) is (item.name in deleted):
            figures.lost.append(f"{item}: {status[0]}, but its queue is not so")


def _has_queue(served: ServedEngine, stack: str) -> bool:
    try:
        served.client("sqs").get_queue_url(QueueName=f"{stack}-queue")
    except ClientError:
        return False
    return True


def _record_log_lines(served: ServedEngine, ledger: Ledger) -> None:
    """Read all log lines and record each as an arrival."""
    logs = served.client("logs")
    token: dict[str, str] = {}
    line = 0
    while True:
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True, **token)
        for event in page["events"]:
            line += 1
            ledger.record_arrival(WorkItem("logs", event["message"].partition(":")[2]), str(line))
        if page["nextForwardToken"] == token.get("nextToken"):
            return
        token = {"nextToken": page["nextForwardToken"]}
