"""The resources that the clients of a storm use: queues, a topic, a rule, state machines, an activity, a log group."""

import json
from dataclasses import dataclass
from pathlib import Path

from lamplighter.base.json_text import Json
from tests.chaos.executions import create_machines
from tests.chaos.storm.registers.objects import BUCKET as OBJECTS_BUCKET
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, one_state, run_task

GROUP, STREAM = "storm", "one"
VERSIONED = "storm-versions"
"""The bucket with versioning."""
MAPS = "storm-maps"
"""The bucket that Distributed Maps read and write."""
BUCKET_MAP = "bucketmap"
"""The kind of the executions whose results are in a bucket."""
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
    _create_buckets(served)
    served.ecs.create_cluster(clusterName="default")
    activity: str = served.sfn.create_activity(name="knock")["activityArn"]
    send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True}
    definition = one_state(send | {"Parameters": {"QueueUrl": inbox, "MessageBody.$": "$.name"}})
    express: str = served.sfn.create_state_machine(
        name="express", type="EXPRESS", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    more_machines = {
        kind: (served.machine(definition, kind), output)
        for kind, definition, output in [*_machines(inbox, activity), _secrets_machine(served, folder)]
    }
    queued, _ = more_machines["queued"]
    served.sfn.tag_resource(resourceArn=queued, tags=[{"key": "lamplighter:overlap", "value": "queue:10000"}])
    return Resources(inbox, inbox_arn, fifo, topic, activity, express, create_machines(served, folder) | more_machines)


def _create_buckets(served: ServedEngine) -> None:
    s3 = served.client("s3")
    for bucket in (OBJECTS_BUCKET, VERSIONED, MAPS):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=MAPS, Key="items", Body=b"[1, 2, 3]")


def _secrets_machine(served: ServedEngine, folder: Path) -> tuple[str, Json, Json]:
    """Return a machine whose task succeeds only if it gets its secrets from the engine."""
    secret = served.client("secretsmanager").create_secret(Name="database", SecretString='{"user": "me"}')["ARN"]
    served.client("ssm").put_parameter(Name="/token", Type="SecureString", Value="from-ssm")
    values = [
        {"name": "TOKEN", "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/token"},
        {"name": "DB_USER", "valueFrom": f"{secret}:user::"},
    ]
    script = f'echo "$LAMPLIGHTER_TASK_ARN" >> {folder}/runs; [ "$TOKEN $DB_USER" = "from-ssm me" ]'
    task = served.task("secrets", ["sh", "-c", script], secrets=values)
    done: Json = {"Type": "Pass", "Result": "done", "End": True}
    states = {"Job": run_task(task, ResultPath=None, Next="Done"), "Done": done}
    return "secrets", {"StartAt": "Job", "States": states}, "done"


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
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": MAPS, "Key": "items"},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": MAPS, "Prefix": "results"}}
    bucket_map = {"Type": "Map", "ItemReader": reader, "ItemProcessor": children, "ResultWriter": writer, "End": True}
    one_after_another = {"Type": "Wait", "Seconds": 0, "OutputPath": "$.items", "End": True}
    return [
        ("queued", one_state(one_after_another) | {"TimeoutSeconds": 60}, [1, 2, 3]),
        ("callback", one_state(token), "answered"),
        ("activity", one_state(activity_task), "answered"),
        ("distributed", one_state(distributed), [1, 2, 3]),
        (BUCKET_MAP, one_state(bucket_map), [1, 2, 3]),
    ]
