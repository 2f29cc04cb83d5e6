"""Check the channels of the job file: whether their targets exist, and whether their subscriptions still exist.

If a subscription was deleted, its alerts are lost until the file is applied again (on AWS,
`cli/deployed/recipients.py` looks for that); an alert to a queue that does not exist is lost for ever. A command is
looked up on this machine, in the folder of the job file, where an engine of this folder would run it.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from lamplighter.base.aws import arn
from lamplighter.base.chat_services import PROTOCOL_PREFIX
from lamplighter.base.json_text import Json
from lamplighter.base.public_address import public_address
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.channel_targets import client_of, is_missing, topics_of_channels
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.target import Target
from lamplighter.cli.up.check_channels import find_command_problem, find_url_problem, missing_target_message
from lamplighter.jobs.file.channels import Channel
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.stack.alerting.alerts import channel_subscriptions
from lamplighter.services.sns.subscriptions.protocols import COMMAND

REMEDY = "a restart of `lamplighter up` creates it again"
UNTIL_FIXED = "until then, it delivers no alerts"


def check_channels(project: Project, target: Target, folder: Path | None) -> Iterator[Finding]:
    """Report on all channels of a job file that is applied at a target.

    `folder` is the folder in which commands run; None if they do not run on this machine.
    """
    topics = topics_of_channels(project, project.channels, target)
    for name, channel in project.channels.items():
        about = f"channel {name}"
        problem = _explain_unreachable(channel, target, folder)
        if problem is not None:
            yield bad(about, *problem)
        elif target.endpoint and channel.sns is None and (topic := topics.get(name)) is not None:
            yield from _check_subscriptions(about, topic, channel, target)


def _explain_unreachable(channel: Channel, target: Target, folder: Path | None) -> tuple[str, str] | None:
    """Return why a channel's target cannot be reached and what to do, or None if nothing is wrong."""
    if channel.command is not None and folder is not None:
        reason = asyncio.run(find_command_problem(channel.command[0], folder))
        return None if reason is None else (reason, UNTIL_FIXED)
    if channel.webhook is not None and (reason := find_url_problem(channel.webhook)) is not None:
        return reason, "correct it in the job file"
    try:
        _check_target_exists(channel, target)
    except ClientError as error:
        if not is_missing(error):
            raise
        target_arn = channel.sqs or channel.sns or ""
        return missing_target_message("sqs" if channel.sqs else "sns", target_arn), UNTIL_FIXED
    return None


def _check_target_exists(channel: Channel, target: Target) -> None:
    """Call the service in the region of the target's ARN. Raises `ClientError` if the queue or the topic is missing."""
    if channel.sns is not None:
        client_of(target, channel.sns).get_topic_attributes(TopicArn=channel.sns)
    if channel.sqs is not None and (queue := arn.parse(channel.sqs)) is not None:
        client_of(target, channel.sqs).get_queue_url(QueueName=queue.resource, QueueOwnerAWSAccountId=queue.account)


def _check_subscriptions(about: str, topic: str, channel: Channel, target: Target) -> Iterator[Finding]:
    pages = target.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found: Json = {(each["Protocol"], each["Endpoint"]): each for page in pages for each in page["Subscriptions"]}
    expected = {
        public_address(protocol, endpoint): found.get((protocol, endpoint))
        for protocol, endpoint in channel_subscriptions(channel)
    }
    if channel.command is not None:  # its endpoint contains the folder, too, so the protocol identifies it
        expected[channel.command[0]] = next(
            (each for (protocol, _), each in found.items() if protocol == COMMAND), None
        )
    if channel.chat is not None:  # its address may be a secret, so the service is named instead
        name = channel.chat[0]
        expected[name] = next((each for (kind, _), each in found.items() if kind == f"{PROTOCOL_PREFIX}{name}"), None)
    for address, subscription in expected.items():
        if subscription is None:
            yield bad(about, f"the subscription of {address} was deleted", REMEDY)
        elif subscription["SubscriptionArn"] == "PendingConfirmation":
            yield doubtful(about, f"{address} has not confirmed its subscription", "open the link that was sent to it")
        else:
            yield good(about, f"{address} is subscribed")
