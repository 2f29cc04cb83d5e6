"""When the storm is over: compare what customers were told with what there is."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.executions import check_history, check_output
from tests.chaos.storm.ledger import Figures, Ledger, Wish
from tests.chaos.storm.resources import GROUP, STREAM, Resources
from tests.served_engine import ServedEngine

MESSAGES = ("sqs", "fifo", "sns", "http", "events", "scheduler", "express")


def reconcile(served: ServedEngine, ledger: Ledger, resources: Resources, witness: Path, patience: float) -> Figures:
    """Wait until all that was begun has ended, but no longer than so many seconds; then count."""
    figures = Figures(calls=ledger.calls)
    end = time.monotonic() + patience
    submitted: Counter[str] = Counter()
    for wish, arn in ledger.names("execution"):
        _execution(served, resources, wish, arn, end, figures, submitted)
    _stacks(served, ledger, end, figures)
    _logs(served, ledger)
    _wait(lambda: not ledger.missing(*MESSAGES), end)
    figures.lost += ledger.missing(*MESSAGES, "logs")
    ledger.settle(figures)
    _runs(witness, submitted, figures)
    return figures


def _wait(done: Callable[[], bool], end: float) -> bool:
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def _execution(
    served: ServedEngine,
    resources: Resources,
    wish: Wish,
    arn: str,
    end: float,
    figures: Figures,
    submitted: Counter[str],
) -> None:
    kind = wish.name.partition("-")[0]
    sfn = served.sfn
    found: Json = {}

    def ended() -> bool:
        found.update(sfn.describe_execution(executionArn=arn))
        return bool(found["status"] != "RUNNING")

    try:
        if not _wait(ended, end):
            figures.stuck.append(str(wish))
        elif found["status"] != "SUCCEEDED":
            figures.lost.append(f"{wish}: {found['status']} {found.get('error')} {found.get('cause')}")
        else:
            check_output(kind, resources.machines[kind][1], json.loads(found["output"]))
            if kind in ("retry", "wait", "parallel", "map"):
                submitted.update(check_history(served, arn))
    except ClientError as error:
        figures.lost.append(f"{wish}: {error}")
    except AssertionError as error:
        figures.lost.append(f"{wish}: its history or output is wrong: {error}")


def _runs(witness: Path, submitted: Counter[str], figures: Figures) -> None:
    """Compare the attempts that really ran with those of the histories."""
    runs = Counter((witness / "runs").read_text().split() if (witness / "runs").exists() else [])
    figures.doubled += [f"task {task} ran {times} times" for task, times in runs.items() if times > 1]
    if not figures.stuck:
        figures.lost += [f"task {task} never ran" for task in submitted.keys() - runs.keys()]
        figures.doubled += [f"task {task} is in no history" for task in runs.keys() - submitted.keys()]


def _stacks(served: ServedEngine, ledger: Ledger, end: float, figures: Figures) -> None:
    deleted = {wish.name for wish, _ in ledger.names("deleted stack")}
    cloudformation = served.client("cloudformation")
    for wish, _ in ledger.names("stack"):
        status = [""]

        def settled(name: str = wish.name, status: list[str] = status) -> bool:
            try:
                status[0] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            except ClientError:
                status[0] = "gone"
            return not status[0].endswith("_IN_PROGRESS")

        expected = ("gone", "DELETE_COMPLETE") if wish.name in deleted else ("CREATE_COMPLETE",)
        if not _wait(settled, end):
            figures.stuck.append(f"{wish}: {status[0]}")
        elif status[0] not in expected:
            figures.lost.append(f"{wish}: {status[0]}")
        elif _has_queue(served, wish.name) is (wish.name in deleted):
            figures.lost.append(f"{wish}: {status[0]}, but its queue is not so")


def _has_queue(served: ServedEngine, stack: str) -> bool:
    try:
        served.client("sqs").get_queue_url(QueueName=f"{stack}-queue")
    except ClientError:
        return False
    return True


def _logs(served: ServedEngine, ledger: Ledger) -> None:
    """Read all lines; each is a message that has arrived."""
    logs = served.client("logs")
    token: dict[str, str] = {}
    line = 0
    while True:
        page = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True, **token)
        for event in page["events"]:
            line += 1
            ledger.arrive(Wish("logs", event["message"].partition(":")[2]), str(line))
        if page["nextForwardToken"] == token.get("nextToken"):
            return
        token = {"nextToken": page["nextForwardToken"]}
