"""The resources that the clients of a storm use: queues, a topic, a rule, state machines, an activity, a log group."""

import json
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.json_text import Json
from tests.chaos.executions import create_machines
from tests.served_engine import ROLE, ServedEngine, one_state

GROUP, STREAM = "storm", "one"
VISIBILITY = "10"
"""Seconds after which a message whose receiver was interrupted is received again."""
RETRY = [{"ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 100}]
"""A worker may be interrupted when it receives a task: then another worker gets it."""


@dataclass(frozen=True, slots=True)
class Resources:
    """URLs and ARNs of the resources."""

    inbox: str
    """The URL of the queue that receives everything without another destination."""
    inbox_arn: str
    fifo: str
    topic: str
    activity: str
    express: str
    machines: dict[str, tuple[str, Json]]
    """By kind: a machine's ARN, and the output that it must have."""


def create_resources(served: ServedEngine, folder: Path, webhook: str) -> Resources:
    """Create the resources; `webhook` is the URL that receives the topic's notifications."""
    sqs, sns, events = served.client("sqs"), served.client("sns"), served.client("events")
    visible = {"VisibilityTimeout": VISIBILITY}
    inbox: str = sqs.create_queue(QueueName="inbox", Attributes=visible)["QueueUrl"]
    fifo: str = sqs.create_queue(QueueName="orders.fifo", Attributes=visible | {"FifoQueue": "true"})["QueueUrl"]
    inbox_arn: str = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=inbox, Attributes={"Policy": json.dumps(_policy(inbox_arn))})
    topic: str = sns.create_topic(Name="news")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox_arn, Attributes=raw)
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=webhook)
    events.put_rule(Name="orders", EventPattern=json.dumps({"source": ["storm"]}))
    events.put_targets(Rule="orders", Targets=[{"Id": "inbox", "Arn": inbox_arn, "InputPath": "$.detail.name"}])
    logs = served.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    served.ecs.create_cluster(clusterName="default")
    activity: str = served.sfn.create_activity(name="knock")["activityArn"]
    send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    definition = one_state(send | {"Parameters": {"QueueUrl": inbox, "MessageBody.$": "$.name"}})
    express: str = served.sfn.create_state_machine(
        name="express", type="EXPRESS", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    more_machines = {
        kind: (served.machine(definition, kind), output) for kind, definition, output in _machines(inbox, activity)
    }
    queued, _ = more_machines["queued"]
    served.sfn.tag_resource(resourceArn=queued, tags=[{"key": "lamplighter:overlap", "value": "queue:10000"}])
    return Resources(inbox, inbox_arn, fifo, topic, activity, express, create_machines(served, folder) | more_machines)


def _policy(queue: str) -> Json:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    return {"Version": "2012-10-17", "Statement": [allow]}


def _machines(inbox: str, activity: str) -> list[tuple[str, Json, Json]]:
    token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": inbox, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    activity_task = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 10, "Retry": RETRY, "End": True}
    items = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    children = items | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    distributed = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": children, "End": True}
    one_after_another = {"Type": "Wait", "Seconds": 0, "OutputPath": "$.items", "End": True}
    return [
        ("queued", one_state(one_after_another) | {"TimeoutSeconds": 60}, [1, 2, 3]),
        ("callback", one_state(token), "answered"),
        ("activity", one_state(activity_task), "answered"),
        ("distributed", one_state(distributed), [1, 2, 3]),
    ]
