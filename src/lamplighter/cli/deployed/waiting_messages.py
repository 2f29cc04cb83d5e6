"""Find messages in the queues of a stack: in a dead-letter queue, each is a start or an alert that was lost.

The queue of a chat service has a redrive policy; messages in it are on their way. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lamplighter.base.count_text import format_count
from lamplighter.base.json_text import Json
from lamplighter.base.world import real_world
from lamplighter.cli.call_errors import CALL_ERRORS
from lamplighter.cli.deployed.deployment import QUEUE, Deployment, NotAllowed
from lamplighter.cli.doctor.finding import Finding, bad
from lamplighter.cli.runs.text.formatting import format_milliseconds

ADVICE = "its messages say which: look at them with `aws sqs receive-message`, or with `{console}`"
ALL = {"AttributeNames": ["All"]}
LOOK_BACK = timedelta(minutes=30)
"""How far back the ages are looked for: the metrics may come up to 15 minutes late."""


def check_messages(deployment: Deployment) -> Iterator[Finding]:
    """Report the queues that hold messages, with their number and the age of the oldest."""
    queues = deployment.named(QUEUE, "QueueName").items()
    for name in [name for name, each in queues if "RedrivePolicy" not in each.properties]:
        found = queue_attributes(deployment, name)
        count = sum(int(found.get(f"ApproximateNumberOfMessages{end}", 0)) for end in ("", "NotVisible"))
        if count:
            says = f"it holds {format_count(count, 'lost message')}{_since(deployment, name)}"
            advice = ADVICE.format(console=deployment.target.options.hint("console"))
            yield bad(f"queue {name}", says, advice)


def queue_attributes(deployment: Deployment, name: str) -> Json:
    """Return the attributes of a queue of the stack; none if it does not exist."""
    found = deployment.call("sqs", "get_queue_url", QueueName=name)
    return found and deployment.call("sqs", "get_queue_attributes", QueueUrl=found["QueueUrl"], **ALL)["Attributes"]


def _since(deployment: Deployment, name: str) -> str:
    """Return the words for the age of the oldest message of a queue; none if CloudWatch does not say it."""
    now = datetime.fromtimestamp(real_world().now() / 1000, UTC)
    metric: Json = {"Namespace": "AWS/SQS", "MetricName": "ApproximateAgeOfOldestMessage", "Statistics": ["Maximum"]}
    span: Json = {"StartTime": now - LOOK_BACK, "EndTime": now, "Period": 60}
    try:
        queue = [{"Name": "QueueName", "Value": name}]
        found = deployment.call("cloudwatch", "get_metric_statistics", **metric, **span, Dimensions=queue)
    except (NotAllowed, *CALL_ERRORS):
        return ""
    latest = max(found["Datapoints"], key=lambda each: each["Timestamp"], default=None)
    return "" if latest is None else f", the oldest for {format_milliseconds(int(latest['Maximum'] * 1000))}"
