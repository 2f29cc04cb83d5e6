"""The channels of the job file: whether each leads somewhere, and whether its subscription is still there.

Promises the same answers for AWS and for an engine, from SNS and SQS alone. A subscription that somebody ended is lost
until the file is applied again; an alert to a queue that is not there is lost for ever.
"""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from lamplighter.base import arn
from lamplighter.base.jsontext import Json
from lamplighter.cli.checkup.finding import Finding, bad, doubt, good
from lamplighter.cli.serving.channels import missing, url
from lamplighter.cli.target import Target
from lamplighter.jobs.channels import Channel
from lamplighter.jobs.model import Project
from lamplighter.jobs.stack.alerts import subscriptions

GONE = ("NotFound", "NonExistentQueue", "QueueDoesNotExist")


def channels(project: Project, where: Target) -> Iterator[Finding]:
    """Everything about the channels of a job file that is applied there."""
    there = _topics(where)
    for name, channel in project.channels.items():
        about = f"channel {name}"
        wrong = _dead_end(channel, where)
        if wrong is not None:
            yield bad(about, *wrong)
        elif channel.sns is None and (topic := there.get(f"{project.prefix}-{name}")) is not None:
            yield from _subscribed(about, topic, channel, where)


def _topics(where: Target) -> dict[str, str]:
    pages = where.client("sns").get_paginator("list_topics").paginate()
    return {each["TopicArn"].rpartition(":")[2]: each["TopicArn"] for page in pages for each in page["Topics"]}


def _dead_end(channel: Channel, where: Target) -> tuple[str, str] | None:
    """Why a channel leads nowhere, and what to do."""
    if channel.webhook is not None and (why := url(channel.webhook)) is not None:
        return why, "correct it in the job file"
    try:
        if channel.sqs is not None:
            found = arn.parse(channel.sqs)
            assert found is not None
            where.client("sqs").get_queue_url(QueueName=found.resource, QueueOwnerAWSAccountId=found.account)
        if channel.sns is not None:
            where.client("sns").get_topic_attributes(TopicArn=channel.sns)
    except ClientError as error:
        if not any(each in error.response["Error"]["Code"] for each in GONE):
            raise
        target = channel.sqs or channel.sns or ""
        return missing("sqs" if channel.sqs else "sns", target), "until then nobody hears of a failure by it"
    return None


def _subscribed(about: str, topic: str, channel: Channel, where: Target) -> Iterator[Finding]:
    pages = where.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = {(each["Protocol"], each["Endpoint"]): each for page in pages for each in page["Subscriptions"]}
    bring = "lamplighter deploy" if where.endpoint is None else "start `lamplighter up` again"
    for protocol, endpoint, _ in subscriptions(channel):
        subscription: Json = found.get((protocol, endpoint))
        if subscription is None:
            yield bad(about, f"{endpoint} is not subscribed any more: somebody took it away", f"{bring}: the file wins")
        elif subscription["SubscriptionArn"] == "PendingConfirmation":
            yield doubt(about, f"{endpoint} has not confirmed its subscription", "open the link that was sent to it")
        else:
            yield good(about, f"{endpoint} is subscribed")
