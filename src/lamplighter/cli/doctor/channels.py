"""Check the channels of the job file: whether their targets exist, and whether their subscriptions still exist.

Guarantees the same answers for AWS and for an engine, from SNS and SQS alone. If a subscription was deleted, its alerts
are lost until the file is applied again; an alert to a queue that does not exist is lost for ever. A command is looked
up on this machine, in the folder of the job file, where an engine of this folder would run it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import ClientError

from lamplighter.base import arn
from lamplighter.base.json_text import Json
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.target import Target
from lamplighter.cli.up.check_channels import check_command, check_url, missing_target
from lamplighter.jobs.file.channels import Channel
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.alerts import channel_subscriptions
from lamplighter.services.sns.subscriptions.protocols import COMMAND

UNTIL_THEN = "until then, it delivers no alerts"
GONE = ("NotFound", "NonExistentQueue", "QueueDoesNotExist")


def check_channels(project: Project, where: Target, folder: Path | None) -> Iterator[Finding]:
    """Report on all channels of a job file that is applied at a target.

    `folder` is the folder in which commands run; None if they do not run on this machine.
    """
    there = _topics(where)
    for name, channel in project.channels.items():
        about = f"channel {name}"
        wrong = _dead_end(channel, where, folder)
        if wrong is not None:
            yield bad(about, *wrong)
        elif channel.sns is None and (topic := there.get(f"{project.prefix}-{name}")) is not None:
            yield from _subscribed(about, topic, channel, where)


def _topics(where: Target) -> dict[str, str]:
    pages = where.client("sns").get_paginator("list_topics").paginate()
    return {each["TopicArn"].rpartition(":")[2]: each["TopicArn"] for page in pages for each in page["Topics"]}


def _dead_end(channel: Channel, where: Target, folder: Path | None) -> tuple[str, str] | None:
    """Return why a channel's target cannot be reached and what to do, or None if nothing is wrong."""
    if channel.command is not None and folder is not None:
        why = asyncio.run(check_command(channel.command[0], folder))
        return None if why is None else (why, UNTIL_THEN)
    if channel.webhook is not None and (why := check_url(channel.webhook)) is not None:
        return why, "correct it in the job file"
    try:
        _look_up(channel, where)
    except ClientError as error:
        if not any(each in error.response["Error"]["Code"] for each in GONE):
            raise
        target = channel.sqs or channel.sns or ""
        return missing_target("sqs" if channel.sqs else "sns", target), UNTIL_THEN
    return None


def _look_up(channel: Channel, where: Target) -> None:
    """Call the service in the region of the target's ARN. Raises `ClientError` if the queue or the topic is missing."""
    target = arn.parse(channel.sqs or channel.sns or "")
    if target is None:
        return
    there = replace(where, region=target.region)
    if channel.sqs is not None:
        there.client("sqs").get_queue_url(QueueName=target.resource, QueueOwnerAWSAccountId=target.account)
    else:
        there.client("sns").get_topic_attributes(TopicArn=channel.sns)


def _subscribed(about: str, topic: str, channel: Channel, where: Target) -> Iterator[Finding]:
    pages = where.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found: Json = {(each["Protocol"], each["Endpoint"]): each for page in pages for each in page["Subscriptions"]}
    bring = "`lamplighter deploy` creates it" if where.endpoint is None else "a restart of `lamplighter up` creates it"
    wanted = {endpoint: found.get((protocol, endpoint)) for protocol, endpoint, _ in channel_subscriptions(channel)}
    if channel.command is not None:  # its endpoint contains the folder, too, so the protocol identifies it
        wanted[channel.command[0]] = next((each for (protocol, _), each in found.items() if protocol == COMMAND), None)
    for endpoint, subscription in wanted.items():
        if subscription is None:
            yield bad(about, f"the subscription of {endpoint} was deleted", f"{bring} again")
        elif subscription["SubscriptionArn"] == "PendingConfirmation":
            yield doubtful(about, f"{endpoint} has not confirmed its subscription", "open the link that was sent to it")
        else:
            yield good(about, f"{endpoint} is subscribed")
