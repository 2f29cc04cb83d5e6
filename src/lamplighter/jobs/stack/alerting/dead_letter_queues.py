"""Build the dead-letter queues for starts and alerts that could not be delivered; each queue has an alarm.

Guarantees that each message triggers the alarm. The alarm counts the messages that are sent to the queue: it is OK
again after twenty minutes, while the queue keeps its messages for two weeks. An alarm on the number of waiting messages
would act once and then stay in ALARM. The twenty minutes are needed because CloudWatch may receive metrics up to 15
minutes late from a queue that was not used for long. Messages that arrive within that time share one alert.
See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.

EventBridge writes to a dead-letter queue only if the queue's own policy allows it, for rules by `aws:SourceArn`:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html. Scheduler uses the schedule's role for it. So
a role that lost its policy starts nothing, and puts nothing into the queue either: the alarm counts the starts that
Scheduler itself says it dropped, too. See
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.alerting.alarm_channels import groups, with_other_channel
from lamplighter.jobs.stack.alerting.metric_alarm import metric, metric_alarm, sum_of_metrics
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.queues import build_queue, build_queue_policy
from lamplighter.jobs.stack.resources import Resource, properties

START_QUEUE_ID, ALERT_QUEUE_ID = "DidNotStart", "UndeliveredAlerts"
"""The logical ids of the two queues."""
ALARM_MINUTES = 20
GIVEN_UP_METRICS = {"dropped": "InvocationDroppedCount", "lost": "InvocationsFailedToBeSentToDeadLetterCount"}
"""Scheduler's metrics of a schedule group that count starts which it gave up, whether the queue has them or not."""


def alert_dead_letters() -> Json:
    """Return the dead-letter queue of a rule's target."""
    return properties(Arn=get_att(ALERT_QUEUE_ID, "Arn"))


def start_queue(project: Project) -> Iterator[Resource]:
    """Yield the queue of starts that Scheduler gave up, and its alarms."""
    scheduled = [job for job in project.jobs.values() if job.schedule]
    if scheduled:
        yield build_queue(START_QUEUE_ID, f"{project.prefix}-did-not-start")
    channels = dict.fromkeys(channel for job in scheduled for channel in job.notify.did_not_start)
    what = "Scheduler gave up starting a run; the queue says which and why."
    more = {
        each: metric("AWS/Scheduler", counted, "ScheduleGroup", ref("Schedules"))
        for each, counted in GIVEN_UP_METRICS.items()
    }
    for alarm in _alarms(project, "GivenUp", "given-up", what, START_QUEUE_ID, [*channels], **more):
        # This engine sends its own alert for each start that it gave up, with the job and the reason.
        yield replace(alarm, engine_metadata={"ActionsEnabled": False})


def alert_queue(project: Project, channels: Sequence[str]) -> Iterator[Resource]:
    """Yield the queue of undelivered alerts and pings, its policy and its alarms; `channels` lists the channels of the
    rules.
    """
    if not channels and not any(job.heartbeat for job in project.jobs.values()):
        return
    yield build_queue(ALERT_QUEUE_ID, f"{project.prefix}-undelivered-alerts")
    rules = {"ArnLike": {"aws:SourceArn": arns.arn("events", f"rule/{project.prefix}-*")}}
    yield build_queue_policy(ALERT_QUEUE_ID, "events", rules)
    what = "EventBridge could not deliver an alert; the queue has the event, and says why."
    yield from _alarms(project, "AlertsUndelivered", "undelivered-alerts", what, ALERT_QUEUE_ID, channels)


def _alarms(
    project: Project,
    title: str,
    name: str,
    what: str,
    queue: str,
    channels: Sequence[str],
    **more: Json,
) -> Iterator[Resource]:
    """Yield alarms that act on each message sent to a queue, or `more` metrics: one alarm for every five channels."""
    sent = metric("AWS/SQS", "NumberOfMessagesSent", "QueueName", get_att(queue, "QueueName"))
    for number, told in groups(with_other_channel(project, channels)):
        yield metric_alarm(
            project,
            f"{title}{number}",
            f"{project.prefix}-{name}{f'--{number}' if number else ''}",
            what,
            {"sent": sent, **more},
            sum_of_metrics("given up"),
            told,
            minutes=ALARM_MINUTES,
            breaching=1,
        )
