"""Those who ask: each does one thing, again and again, and writes down what it was told."""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lamplighter.base.json_text import Json
from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.ledger import Wish
from tests.chaos.storm.resources import GROUP, STREAM, Resources
from tests.served_engine import ROLE

Customer = Callable[[ClientCalls, Resources, str, random.Random], None]
INPUT = json.dumps({"items": [1, 2, 3]})


def start_execution(office: ClientCalls, resources: Resources, name: str, chance: random.Random) -> None:
    """Start one of any kind; its name makes it one."""
    kind = chance.choice(sorted(resources.machines))
    machine, _ = resources.machines[kind]
    wish = Wish("execution", f"{kind}-{name}")
    office.insist(wish, "stepfunctions", "start_execution", stateMachineArn=machine, name=wish.name, input=INPUT)
    office.ledger.accept(wish, f"{machine.replace(':stateMachine:', ':execution:')}:{wish.name}")


def start_express(office: ClientCalls, resources: Resources, name: str, chance: random.Random) -> None:
    """Start an express execution, and wait for its end or not."""
    wish = Wish("express", name)
    operation = chance.choice(("start_execution", "start_sync_execution"))
    given = json.dumps({"name": f"express:{name}"})
    answer = office.insist(wish, "stepfunctions", operation, stateMachineArn=resources.express, input=given)
    if answer.get("status", "SUCCEEDED") != "SUCCEEDED":
        office.ledger.blame(f"{wish}: {answer}")
    office.ledger.accept(wish)


def send(office: ClientCalls, resources: Resources, name: str, _chance: random.Random) -> None:
    """Send a message."""
    wish = Wish("sqs", name)
    office.insist(wish, "sqs", "send_message", QueueUrl=resources.inbox, MessageBody=f"sqs:{name}")
    office.ledger.accept(wish)


def send_once(office: ClientCalls, resources: Resources, name: str, chance: random.Random) -> None:
    """Send a message that comes once, however often that is tried."""
    wish = Wish("fifo", name)
    body = f"fifo:{name}"
    once = {"MessageGroupId": str(chance.randint(0, 4)), "MessageDeduplicationId": name}
    office.insist(wish, "sqs", "send_message", QueueUrl=resources.fifo, MessageBody=body, **once)
    office.ledger.accept(wish)


def publish(office: ClientCalls, resources: Resources, name: str, _chance: random.Random) -> None:
    """Publish a message, which goes to a queue and to a web page."""
    wish, web = Wish("sns", name), Wish("http", name)
    office.insist(wish, "sns", "publish", TopicArn=resources.topic, Message=f"sns:{name}")
    office.ledger.accept(wish)
    office.ledger.accept(web)


def put_event(office: ClientCalls, _resources: Resources, name: str, _chance: random.Random) -> None:
    """Put an event for which there is a rule."""
    wish = Wish("events", name)
    entry = {"Source": "storm", "DetailType": "Order", "Detail": json.dumps({"name": f"events:{name}"})}
    answer = office.insist(wish, "events", "put_events", Entries=[entry])
    if answer.get("FailedEntryCount") == 0:  # boto3 takes an answer that was cut off for an empty one
        office.ledger.accept(wish)


def schedule(office: ClientCalls, resources: Resources, name: str, chance: random.Random) -> None:
    """Make a schedule for a moment from now; its name makes it one."""
    wish = Wish("scheduler", name)
    at = datetime.now(UTC) + timedelta(seconds=chance.randint(1, 8))
    office.insist(
        wish,
        "scheduler",
        "create_schedule",
        Name=f"once-{name}",
        ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": resources.inbox_arn, "RoleArn": ROLE, "Input": f"scheduler:{name}"},
    )
    office.ledger.accept(wish)


def put_log(office: ClientCalls, _resources: Resources, name: str, _chance: random.Random) -> None:
    """Put a line into a log."""
    wish = Wish("logs", name)
    events = [{"timestamp": int(time.time() * 1000), "message": f"logs:{name}"}]
    office.insist(wish, "logs", "put_log_events", logGroupName=GROUP, logStreamName=STREAM, logEvents=events)
    office.ledger.accept(wish)


def make_stack(office: ClientCalls, _resources: Resources, name: str, chance: random.Random) -> None:
    """Make a stack; delete every other one again once it is made."""
    wish = Wish("stack", f"stack-{name}")
    parts: Json = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{wish.name}-queue"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{wish.name}-topic"}},
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"{wish.name}-group"}},
    }
    body = json.dumps({"Resources": parts})
    office.insist(wish, "cloudformation", "create_stack", StackName=wish.name, TemplateBody=body)
    office.ledger.accept(wish)
    if chance.random() < 0.5:
        office.insist(None, "cloudformation", "delete_stack", StackName=wish.name)
        office.ledger.accept(Wish("deleted stack", wish.name))


CUSTOMERS: tuple[tuple[Customer, float], ...] = (
    (start_execution, 0.15),
    (start_execution, 0.15),
    (start_express, 0.1),
    (send, 0.05),
    (send_once, 0.05),
    (publish, 0.1),
    (put_event, 0.1),
    (schedule, 0.2),
    (put_log, 0.05),
    (make_stack, 1.0),
)
"""Who asks, and the seconds that they think before the next time, at most."""
