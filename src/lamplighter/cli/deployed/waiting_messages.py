"""Find messages in the queues of a stack: in a dead-letter queue, each is a start or an alert that was lost.

The queue of a chat service has a redrive policy; messages in it may only be on their way. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.deployed.deployment import QUEUE, Deployment, NotAllowed
from lamplighter.cli.doctor.finding import Finding, bad, doubtful
from lamplighter.cli.runs.formatting import format_milliseconds

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
LOOK_BACK = timedelta(minutes=30)
"""How far back the ages are looked for: the metrics may come up to 15 minutes late."""


def check_messages(deployment: Deployment) -> Iterator[Finding]:
    """Report the queues that hold messages, with their number and the age of the oldest."""
    queues = deployment.named(QUEUE, "QueueName")
    counts = {name: _count(deployment, name) for name in queues}
    filled = [name for name, count in counts.items() if count]
    for name in filled:
        age = _age(deployment, name)
        says = f"it holds {format_count(counts[name], 'message')}{f', the oldest for {age}' if age else ''}"
        if "RedrivePolicy" in queues[name].properties:
            yield doubtful(f"queue {name}", f"{says}: a chat service has not taken them yet")
        else:
            advice = f"`aws sqs receive-message --queue-url {queue_url(deployment, name)}` shows what was lost"
            yield bad(f"queue {name}", f"{says}: each is lost", advice)


def queue_url(deployment: Deployment, name: str) -> str:
    """Return the URL of a queue of the stack."""
    (answer,) = deployment.ask("sqs", "get_queue_url", QueueName=name)
    return str(answer["QueueUrl"])


def queue_attributes(deployment: Deployment, name: str) -> Json:
    """Return the attributes of a queue of the stack."""
    (answer,) = deployment.ask(
        "sqs", "get_queue_attributes", QueueUrl=queue_url(deployment, name), AttributeNames=["All"]
    )
    return answer.get("Attributes", {})


def _count(deployment: Deployment, name: str) -> int:
    found = queue_attributes(deployment, name)
    return sum(int(found.get(each, 0)) for each in COUNTS)


def _age(deployment: Deployment, name: str) -> str:
    """Return the age of the oldest message of a queue, or nothing if CloudWatch does not know it or does not say it."""
    now = datetime.fromtimestamp(real_world().now() / 1000, UTC)
    metric: Json = {"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage", "Statistics": ["Maximum"]}
    metric |= {"Dimensions": [{"Name": "QueueName", "Value": name}], "Period": 60}
    try:
        (found,) = deployment.ask(
            "cloudwatch", "get_metric_statistics", **metric, StartTime=now - LOOK_BACK, EndTime=now
        )
    except (NotAllowed, *CALL_ERRORS):
        return ""
    latest = max(found["Datapoints"], key=lambda each: each["Timestamp"], default=None)
    return "" if latest is None else format_milliseconds(int(latest["Maximum"] * 1000))
