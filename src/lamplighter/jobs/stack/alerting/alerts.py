"""Build the resources for alerts: topics and subscriptions, rules, alarms, and dead-letter queues."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from lamplighter.base.chat_services import PROTOCOL_PREFIX, SENDER_SUFFIX
from lamplighter.base.json_text import Json
from lamplighter.jobs import names
from lamplighter.jobs.file.channels import Channel
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.platform import Platform
from lamplighter.jobs.machine.supported_jobs import alert_channels, failure_channels
from lamplighter.jobs.stack.alerting import (
    alarms,
    alert_check,
    chat_channels,
    dead_letter_queues,
    event_rules,
    lost_channels,
    project_rules,
)
from lamplighter.jobs.stack.intrinsic_functions import ref
from lamplighter.jobs.stack.policies import allow_service, policy_document
from lamplighter.jobs.stack.resources import Resource, properties


def alert_resources(project: Project, supported: Mapping[str, Sequence[str]], platform: Platform) -> Iterator[Resource]:
    """Yield a project's topics, rules, alarms and dead-letter queues; `supported`: see `supported_jobs`."""
    own_topics = [name for name, channel in project.channels.items() if channel.sns is None]
    for name in own_topics:
        yield from _topic_resources(project, name, project.channels[name], platform)
    told = {machine: alert_channels(project, machine, jobs) for machine, jobs in supported.items()}
    for name in project.jobs:
        yield from alarms.did_not_start_alarms(project, name, platform)
    if platform == "aws":
        yield from _resources_on_aws(project, supported, told)
    else:
        yield from _rules_here(project, told)
    jobs = project.jobs.values()
    alerted = chain.from_iterable(
        (*job.notify.attempt_failed, *failure_channels(job), *job.notify.recovered) for job in jobs
    )
    yield from dead_letter_queues.alert_queue(project, list(dict.fromkeys(chain(alerted, *told.values()))))
    yield from dead_letter_queues.start_queue(project)


def _resources_on_aws(
    project: Project, supported: Mapping[str, Sequence[str]], told: Mapping[str, Sequence[str]]
) -> Iterator[Resource]:
    yield from chat_channels.chat_resources(project)
    yield from lost_channels.lost_channel_resources(project)
    rules = list(project_rules.project_rules(project, supported))
    yield from rules
    yield from alert_check.check_rule(project, supported, rules)
    for name in project.jobs:
        yield from alarms.failed_runs_alarms(project, name)
    for machine, channels in told.items():
        yield from alarms.supporting_alarms(project, machine, channels)


def _rules_here(project: Project, told: Mapping[str, Sequence[str]]) -> Iterator[Resource]:
    for name in project.jobs:
        yield from event_rules.job_rules(project, name)
    for machine, channels in told.items():
        yield from event_rules.supporting_rules(project, machine, channels)


def _topic_resources(project: Project, name: str, channel: Channel, platform: Platform) -> Iterator[Resource]:
    yield Resource(
        names.topic_id(name),
        "AWS::SNS::Topic",
        properties(TopicName=f"{project.prefix}-{name}", DisplayName=f"{project.prefix}{SENDER_SUFFIX}"),
        engine_metadata=_engine_metadata(channel),
    )
    on_aws = platform == "aws"
    for protocol, endpoint in channel_subscriptions(channel):
        yield Resource(
            f"{names.logical_id(name)}Subscription",
            "AWS::SNS::Subscription",
            properties(
                TopicArn=ref(names.topic_id(name)),
                Protocol=protocol,
                Endpoint=endpoint,
                RawMessageDelivery=True if protocol == "sqs" else None,
                RedrivePolicy=lost_channels.redrive_policy(name) if on_aws else None,
                # This engine tries longer than SNS can, and reports what it could not deliver itself.
                DeliveryPolicy=lost_channels.WEBHOOK_POLICY if on_aws and endpoint == channel.webhook else None,
            ),
            # AWS asks a web server to confirm; on this engine the URL in the job file is the user's confirmation.
            engine_metadata={"Confirmed": True} if endpoint == channel.webhook else None,
        )
    yield _topic_policy(name)


def _engine_metadata(channel: Channel) -> Json:
    """Return the metadata with which this engine subscribes a command or a chat service to the channel's topic."""
    if channel.command is not None:
        return {"Command": list(channel.command)}
    if channel.chat is not None:
        service, address = channel.chat
        return {"Protocol": f"{PROTOCOL_PREFIX}{service}", "Endpoint": address}
    return None


def channel_subscriptions(channel: Channel) -> Iterator[tuple[str, str]]:
    """Yield the subscriptions to a channel's topic, each with protocol and endpoint."""
    if channel.email is not None:
        yield "email", channel.email
    if channel.webhook is not None:
        yield channel.webhook.partition(":")[0], channel.webhook
    if channel.sqs is not None:
        yield "sqs", channel.sqs


def _topic_policy(name: str) -> Resource:
    """Allow rules and alarms to publish. SNS accepts only a policy that names its own topic.

    EventBridge's statement has no condition, for "Condition blocks" are not supported "in Amazon SNS topic policies for
    EventBridge": EventBridge drops the events that a condition denies, without an error. See "Amazon SNS permissions"
    in https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html and
    https://repost.aws/knowledge-center/sns-not-getting-eventbridge-notification.
    """
    topic = ref(names.topic_id(name))
    own_alarms = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    statements = [
        allow_service("cloudwatch", "sns:Publish", topic, own_alarms),
        allow_service("events", "sns:Publish", topic),
    ]
    return Resource(
        f"{names.topic_id(name)}Policy",
        "AWS::SNS::TopicPolicy",
        properties(Topics=[topic], PolicyDocument=policy_document(statements)),
    )
