"""Build what tells the other channels on AWS that a channel loses its alerts.

Guarantees that no alert is lost in silence if the project has another channel. Each subscription has a dead-letter
queue, one for each channel, so that its alarm knows which channel is lost. SNS writes there what an endpoint refuses,
and what it has tried in vain: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html.

The alarms count the messages that are visible or in flight. NumberOfMessagesSent leaves out what SQS itself moves to a
dead-letter queue, and the age of the oldest message what was received three times:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
The alarm of a dead-letter queue watches the increase of that number: it acts again for messages that arrive later,
although the first ones stay for two weeks. SQS sends no metrics of an unused queue, and the first ones up to 15 minutes
late; FILL stands in for them.
"""

from collections.abc import Iterator

from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.alerting.alarm_channels import other_channels
from lamplighter.jobs.stack.alerting.dead_letter_queues import ALARM_MINUTES
from lamplighter.jobs.stack.alerting.metric_alarm import metric, metric_alarm
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.queues import build_queue, build_queue_policy
from lamplighter.jobs.stack.resources import Resource, properties

WEBHOOK_POLICY: Json = {"healthyRetryPolicy": {"minDelayTarget": 35, "maxDelayTarget": 35, "numRetries": 100}}
"""The retries of a webhook: 3,500 seconds, because SNS adds jitter and allows 3,600 and 100 retries in all.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html"""
WAITING_MINUTES, OBSERVED_MINUTES = 10, 12
"""A channel is unreachable if messages wait in ten of twelve minutes: the metrics of the last ones may be missing."""
WAITING = "FILL(FILL(visible,REPEAT),0)+FILL(hidden,0)"
"""The messages in a queue. SQS reports those in flight only while there are some."""
METRICS = {"visible": "ApproximateNumberOfMessagesVisible", "hidden": "ApproximateNumberOfMessagesNotVisible"}


def undelivered_id(channel: str) -> str:
    """Return the logical id of the dead-letter queue of a channel."""
    return f"{names.logical_id(channel)}Undelivered"


def redrive_policy(channel: str) -> Json:
    """Return the RedrivePolicy of the subscription of a channel."""
    return properties(deadLetterTargetArn=get_att(undelivered_id(channel), "Arn"))


def lost_channel_resources(project: Project) -> Iterator[Resource]:
    """Yield the dead-letter queue of each channel whose subscription the stack has, and its alarm."""
    for name, channel in project.channels.items():
        if channel.sns is None and channel.works_on_aws:
            queue = undelivered_id(name)
            yield build_queue(queue, f"{project.prefix}-{name}-undelivered")
            yield build_queue_policy(queue, "sns", {"ArnEquals": {"aws:SourceArn": ref(names.topic_id(name))}})
            what = f"The channel {name} has lost an alert; the queue {project.prefix}-{name}-undelivered has it"
            yield from _alarm(project, name, "Lost", queue, what, f"DIFF({WAITING})", ALARM_MINUTES, 1)


def unreachable_alarm(project: Project, name: str, queue: str) -> Iterator[Resource]:
    """Yield the alarm about a channel whose messages wait in a queue."""
    what = f"The channel {name} has taken no alerts for {WAITING_MINUTES} minutes"
    yield from _alarm(project, name, "Unreachable", queue, what, WAITING, OBSERVED_MINUTES, WAITING_MINUTES)


def _alarm(
    project: Project, name: str, kind: str, queue: str, what: str, expression: str, minutes: int, breaching: int
) -> Iterator[Resource]:
    others = other_channels(project, name)
    if others:
        yield metric_alarm(
            project,
            f"{names.logical_id(name)}{kind}",
            f"{project.prefix}-{name}-{kind.lower()}",
            what,
            {each: metric("AWS/SQS", size, "QueueName", get_att(queue, "QueueName")) for each, size in METRICS.items()},
            properties(Id="messages", Expression=expression, Label="messages"),
            others,
            statistic="Maximum",
            minutes=minutes,
            breaching=breaching,
        )
