"""The clients of a storm: each requests one kind of work repeatedly and records the answers."""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lamplighter.base.json_text import Json
from tests.chaos.storm.change_sets import execute_change_sets
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import WorkItem
from tests.chaos.storm.metrics import put_metric
from tests.chaos.storm.object_versions import put_version
from tests.chaos.storm.registers.objects import OBJECTS
from tests.chaos.storm.registers.parameters import PARAMETERS
from tests.chaos.storm.registers.register_clients import change_registers
from tests.chaos.storm.registers.roles import ROLES
from tests.chaos.storm.registers.settings import SETTINGS
from tests.chaos.storm.resources import GROUP, STREAM, Resources
from tests.chaos.storm.sessions import assume_role
from tests.served_engine import ROLE

ClientWork = Callable[[ClientCalls, Resources, str, random.Random], None]
INPUT = json.dumps({"items": [1, 2, 3]})


def start_execution(calls: ClientCalls, resources: Resources, name: str, rng: random.Random) -> None:
    """Start an execution of a random kind; because of its name, a repeated start creates no second one."""
    kind = rng.choice(sorted(resources.machines))
    machine, _ = resources.machines[kind]
    item = WorkItem("execution", f"{kind}-{name}")
    calls.call_until_answered(
        item, "stepfunctions", "start_execution", stateMachineArn=machine, name=item.name, input=INPUT
    )
    calls.ledger.record_acceptance(item, f"{machine.replace(':stateMachine:', ':execution:')}:{item.name}")


def start_express(calls: ClientCalls, resources: Resources, name: str, rng: random.Random) -> None:
    """Start an express execution and sometimes wait for its end."""
    item = WorkItem("express", name)
    operation = rng.choice(("start_execution", "start_sync_execution"))
    given = json.dumps({"name": f"express:{name}"})
    answer = calls.call_until_answered(item, "stepfunctions", operation, stateMachineArn=resources.express, input=given)
    if answer.get("status", "SUCCEEDED") != "SUCCEEDED":
        calls.ledger.record_fault(f"{item}: {answer}")
    calls.ledger.record_acceptance(item)


def send_message(calls: ClientCalls, resources: Resources, name: str, _rng: random.Random) -> None:
    """Send a message."""
    item = WorkItem("sqs", name)
    calls.call_until_answered(item, "sqs", "send_message", QueueUrl=resources.inbox, MessageBody=f"sqs:{name}")
    calls.ledger.record_acceptance(item)


def send_fifo_message(calls: ClientCalls, resources: Resources, name: str, rng: random.Random) -> None:
    """Send a message that arrives once, however often the call is repeated."""
    item = WorkItem("fifo", name)
    body = f"fifo:{name}"
    deduplication = {"MessageGroupId": str(rng.randint(0, 4)), "MessageDeduplicationId": name}
    calls.call_until_answered(item, "sqs", "send_message", QueueUrl=resources.fifo, MessageBody=body, **deduplication)
    calls.ledger.record_acceptance(item)


def publish(calls: ClientCalls, resources: Resources, name: str, _rng: random.Random) -> None:
    """Publish a message, which is delivered to a queue and to a webhook."""
    item, webhook = WorkItem("sns", name), WorkItem("http", name)
    calls.call_until_answered(item, "sns", "publish", TopicArn=resources.topic, Message=f"sns:{name}")
    calls.ledger.record_acceptance(item)
    calls.ledger.record_acceptance(webhook)


def put_event(calls: ClientCalls, _resources: Resources, name: str, _rng: random.Random) -> None:
    """Put an event that matches a rule."""
    item = WorkItem("events", name)
    entry = {"Source": "storm", "DetailType": "Order", "Detail": json.dumps({"name": f"events:{name}"})}
    answer = calls.call_until_answered(item, "events", "put_events", Entries=[entry])
    if answer.get("FailedEntryCount") == 0:  # boto3 treats an incomplete answer as an empty one
        calls.ledger.record_acceptance(item)


def create_schedule(calls: ClientCalls, resources: Resources, name: str, rng: random.Random) -> None:
    """Create a schedule that fires in some seconds; because of its name, a repeated call creates no second one."""
    item = WorkItem("scheduler", name)
    at = datetime.now(UTC) + timedelta(seconds=rng.randint(1, 8))
    calls.call_until_answered(
        item,
        "scheduler",
        "create_schedule",
        Name=f"once-{name}",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": resources.inbox_arn, "RoleArn": ROLE, "Input": f"scheduler:{name}"},
    )
    calls.ledger.record_acceptance(item)


def put_log(calls: ClientCalls, _resources: Resources, name: str, _rng: random.Random) -> None:
    """Put a line into a log."""
    item = WorkItem("logs", name)
    events = [{"timestamp": int(time.time() * 1000), "message": f"logs:{name}"}]
    calls.call_until_answered(
        item, "logs", "put_log_events", logGroupName=GROUP, logStreamName=STREAM, logEvents=events
    )
    calls.ledger.record_acceptance(item)


def create_stack(calls: ClientCalls, _resources: Resources, name: str, rng: random.Random) -> None:
    """Create a stack, and delete every other one after its creation."""
    item = WorkItem("stack", f"stack-{name}")
    parts: Json = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{item.name}-queue"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{item.name}-topic"}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"{item.name}-group"}},
    }
    body = json.dumps({"Resources": parts})
    calls.call_until_answered(item, "cloudformation", "create_stack", StackName=item.name, TemplateBody=body)
    calls.ledger.record_acceptance(item)
    if rng.random() < 0.5:
        calls.call_until_answered(None, "cloudformation", "delete_stack", StackName=item.name)
        calls.ledger.record_acceptance(WorkItem("deleted stack", item.name))


CLIENTS: tuple[tuple[ClientWork, float], ...] = (
    (start_execution, 0.15),
    (start_execution, 0.15),
    (start_express, 0.1),
    (send_message, 0.05),
    (send_fifo_message, 0.05),
    (publish, 0.1),
    (put_event, 0.1),
    (create_schedule, 0.2),
    (put_log, 0.05),
    (create_stack, 1.0),
    (change_registers(OBJECTS), 0.1),
    (change_registers(PARAMETERS), 0.1),
    (change_registers(ROLES), 0.2),
    (change_registers(SETTINGS), 0.2),
    (put_version, 0.2),
    (execute_change_sets, 1.0),
    (put_metric, 0.2),
    (assume_role, 0.5),
)
"""The clients, and the most seconds that each pauses between two requests."""
