"""Build what brings the alerts of a topic to a chat service on AWS; this engine subscribes the service to the topic.

SNS cannot speak the formats of chat services, and an input transformer of EventBridge can neither escape nor cut a
text. So the topic of such a channel has a queue; a pipe takes each message from it, lets the Express workflow
CHAT_FORMAT make the document, and sends it to an API destination. Everything that sends an alert still publishes to the
topic. Guarantees that no alert is lost: a message stays in the queue until the service has accepted it, is tried again
for about six hours, and then moves to the channel's dead-letter queue. Alarms report both to the other channels
(`lost_channels.py`).

The URL of a webhook is the endpoint of the API destination, and the routing key of PagerDuty a secret parameter of the
connection. A reference to a secret becomes a dynamic reference, which CloudFormation resolves in any property. See
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html.
"""

from collections.abc import Iterator

from lamplighter.base.chat_services import PAGERDUTY, PAGERDUTY_URL
from lamplighter.base.json_text import dumps
from lamplighter.jobs import names
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.file.secrets import dynamic_reference
from lamplighter.jobs.machine.chat_machine import CHAT_DEFINITION
from lamplighter.jobs.stack.alerting import lost_channels
from lamplighter.jobs.stack.connections import connection
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.policies import allow
from lamplighter.jobs.stack.queues import build_queue, build_queue_policy
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.jobs.stack.roles import iam_role
from lamplighter.jobs.stack.state_machines import substitute_placeholders
from lamplighter.runs.jobs import job_machine

RETRY_SECONDS, MAX_RECEIVES = 120, 180
"""The seconds between two attempts, and their number: together six hours, as for a mail."""


def chat_channels(project: Project) -> dict[str, tuple[str, str]]:
    """Return the service and the address of each channel of a chat service."""
    return {name: channel.chat for name, channel in project.channels.items() if channel.chat is not None}


def chat_resources(project: Project) -> Iterator[Resource]:
    """Yield the resources of all channels of chat services, for AWS."""
    channels = chat_channels(project)
    if not channels:
        return
    yield iam_role("ChatRole", "states", [])
    yield Resource(
        job_machine.CHAT_FORMAT,
        "AWS::StepFunctions::StateMachine",
        properties(
            StateMachineName=f"{project.prefix}{job_machine.machine_suffix(job_machine.CHAT_FORMAT)}",
            StateMachineType="EXPRESS",
            RoleArn=get_att("ChatRole", "Arn"),
            **substitute_placeholders(CHAT_DEFINITION, {}, indent=None),
        ),
    )
    for name, (service, address) in channels.items():
        yield from _queues(project, name)
        yield from _destination(project, name, service, address)
        yield from _pipe(project, name, service)
        yield from lost_channels.unreachable_alarm(project, name, f"{names.logical_id(name)}Queue")


def _queues(project: Project, name: str) -> Iterator[Resource]:
    title, topic = names.logical_id(name), ref(names.topic_id(name))
    queue, dead_letters = f"{title}Queue", lost_channels.redrive_policy(name)
    retries = properties(
        VisibilityTimeout=RETRY_SECONDS, RedrivePolicy={**dead_letters, "maxReceiveCount": MAX_RECEIVES}
    )
    yield build_queue(queue, f"{project.prefix}-{name}", retries)
    yield build_queue_policy(queue, "sns", {"ArnEquals": {"aws:SourceArn": topic}})
    yield Resource(
        f"{title}Subscription",
        "AWS::SNS::Subscription",
        properties(TopicArn=topic, Protocol="sqs", Endpoint=get_att(queue, "Arn"), RedrivePolicy=dead_letters),
    )


def _destination(project: Project, name: str, service: str, address: str) -> Iterator[Resource]:
    """Yield the connection and the API destination."""
    title = names.logical_id(name)
    secret = None
    if service == PAGERDUTY:
        key = properties(Key="routing_key", Value=dynamic_reference(address), IsValueSecret=True)
        secret = properties(BodyParameters=[key])
    yield connection(f"{title}Connection", project, secret)
    yield Resource(
        f"{title}Destination",
        "AWS::Events::ApiDestination",
        properties(
            ConnectionArn=get_att(f"{title}Connection", "Arn"),
            HttpMethod="POST",
            InvocationEndpoint=PAGERDUTY_URL if service == PAGERDUTY else dynamic_reference(address),
            InvocationRateLimitPerSecond=1,
        ),
    )


def _pipe(project: Project, name: str, service: str) -> Iterator[Resource]:
    title = names.logical_id(name)
    statements = [
        allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], [get_att(f"{title}Queue", "Arn")]),
        allow(["states:StartSyncExecution"], [ref(job_machine.CHAT_FORMAT)]),
        allow(["events:InvokeApiDestination"], [get_att(f"{title}Destination", "Arn")]),
    ]
    yield iam_role(f"{title}PipeRole", "pipes", statements)
    # A pipe reads the body of a message as JSON: SNS's notification. https://docs.aws.amazon.com/eventbridge/latest/
    # userguide/eb-pipes-input-transformation.html#input-transform-implicit
    template = f'{{"service":{dumps(service)},"project":{dumps(project.prefix)},"body":<$.body>}}'
    yield Resource(
        f"{title}Pipe",
        "AWS::Pipes::Pipe",
        properties(
            RoleArn=get_att(f"{title}PipeRole", "Arn"),
            Source=get_att(f"{title}Queue", "Arn"),
            SourceParameters=properties(SqsQueueParameters=properties(BatchSize=1)),
            Enrichment=ref(job_machine.CHAT_FORMAT),
            EnrichmentParameters=properties(InputTemplate=template),
            Target=get_att(f"{title}Destination", "Arn"),
        ),
    )
