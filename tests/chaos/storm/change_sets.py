"""Change sets and drift: each executed change set takes effect once, and each detection of drift ends."""

import json
import random
import time
from collections.abc import Callable

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json
from tests.chaos.storm.client_calls import PAUSE_SECONDS, ClientCalls, EngineGone
from tests.chaos.storm.ledger import Figures, Ledger, WorkItem
from tests.chaos.storm.resources import Resources
from tests.served_engine import ServedEngine

FIRST, SECOND, DRIFTED = "31", "32", "33"
"""Values of the queue's VisibilityTimeout: of both change sets, and of a change outside the stack."""
CREATED, UPDATED = "CREATE_COMPLETE", "UPDATE_COMPLETE"


def execute_change_sets(calls: ClientCalls, _resources: Resources, name: str, rng: random.Random) -> None:
    """Create a stack by a change set; update it by another, or change its queue; then detect drift."""
    stack = f"changed-{name}"
    _execute(calls, stack, "CREATE", FIRST)
    _wait_for_status(calls, stack, CREATED)
    expected = {"status": CREATED, "visible": FIRST, "drift": "IN_SYNC"}
    if rng.random() < 0.5:
        _execute(calls, stack, "UPDATE", SECOND)
        _wait_for_status(calls, stack, UPDATED)
        expected |= {"status": UPDATED, "visible": SECOND}
    else:
        url = calls.repeat((), "sqs", "get_queue_url", QueueName=f"{stack}-queue")["QueueUrl"]
        calls.repeat((), "sqs", "set_queue_attributes", QueueUrl=url, Attributes={"VisibilityTimeout": DRIFTED})
        expected |= {"visible": DRIFTED, "drift": "DRIFTED"}
    detection = calls.repeat(("OperationInProgress",), "cloudformation", "detect_stack_drift", StackName=stack)
    expected["detection"] = detection.get("StackDriftDetectionId", "")
    calls.ledger.record_acceptance(WorkItem("change set", stack), json.dumps(expected))


def _execute(calls: ClientCalls, stack: str, kind: str, visible: str) -> None:
    name = f"set-{visible}"
    properties = {"QueueName": f"{stack}-queue", "VisibilityTimeout": int(visible)}
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}}}
    given = {"StackName": stack, "ChangeSetName": name}
    body = json.dumps(template)
    calls.repeat(
        ("AlreadyExists",), "cloudformation", "create_change_set", **given, ChangeSetType=kind, TemplateBody=body
    )
    change_set: Json = {}
    while change_set.get("Status") != CREATED:
        change_set = calls.repeat((), "cloudformation", "describe_change_set", **given)
        _pause(calls)
    calls.repeat(
        ("InvalidChangeSetStatus",), "cloudformation", "execute_change_set", ChangeSetName=change_set["ChangeSetId"]
    )


def _wait_for_status(calls: ClientCalls, stack: str, expected: str) -> None:
    status = ""
    while status != expected:
        found = calls.repeat((), "cloudformation", "describe_stacks", StackName=stack)
        status = found["Stacks"][0]["StackStatus"]
        if (status.endswith("_COMPLETE") and status not in (expected, CREATED)) or "FAILED" in status:
            calls.ledger.record_fault(f"the stack {stack} is {status} and not {expected}")
            return
        _pause(calls)


def _pause(calls: ClientCalls) -> None:
    if calls.is_over():
        raise EngineGone
    time.sleep(PAUSE_SECONDS)


def check_change_sets(
    served: ServedEngine, ledger: Ledger, figures: Figures, wait: Callable[[Callable[[], bool]], bool]
) -> None:
    """Compare the stacks, their queues, and the results of the detections with what was acknowledged."""
    cloudformation, sqs = served.client("cloudformation"), served.client("sqs")
    for item, text in ledger.accepted_items("change set"):
        expected = json.loads(text)
        try:
            status = cloudformation.describe_stacks(StackName=item.name)["Stacks"][0]["StackStatus"]
            url = sqs.get_queue_url(QueueName=f"{item.name}-queue")["QueueUrl"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        except ClientError as error:
            figures.lost.append(f"{item}: {error}")
            continue
        found = {"status": status, "visible": attributes["VisibilityTimeout"]}
        if found != {name: expected[name] for name in found}:
            figures.lost.append(f"{item} is {found} and not {expected}")
        if expected["detection"]:
            _check_detection(cloudformation, item, expected, figures, wait)


def _check_detection(
    cloudformation: Json, item: WorkItem, expected: Json, figures: Figures, wait: Callable[[Callable[[], bool]], bool]
) -> None:
    found: Json = {}

    def ended() -> bool:
        key = expected["detection"]
        found.update(cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=key))
        return bool(found["DetectionStatus"] != "DETECTION_IN_PROGRESS")

    if not wait(ended):
        figures.stuck.append(f"the detection of the drift of {item}")
    elif (found["DetectionStatus"], found.get("StackDriftStatus")) != ("DETECTION_COMPLETE", expected["drift"]):
        figures.lost.append(f"the drift of {item} is {found} and not {expected['drift']}")
