"""Find the topic of a channel, and the service at which the queue or topic that a channel names is.

Guarantees that a service's refusal to answer is not taken for a missing topic: only `is_missing` errors mean that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.target import Target
from lamplighter.jobs.file.model import Project

MISSING_CODES = ("NotFound", "NonExistentQueue", "QueueDoesNotExist")


def topics_of_channels(project: Project, names: Iterable[str], target: Target) -> Mapping[str, str]:
    """Return the ARNs of the topics of some channels: those that they name, and those that exist for the other ones."""
    found = {name: project.channels[name].sns for name in names}
    named = {name: topic for name, topic in found.items() if topic is not None}
    if len(named) == len(found):
        return named
    pages = target.client("sns").get_paginator("list_topics").paginate()
    arns = [str(each["TopicArn"]) for page in pages for each in page["Topics"]]
    by_name = {each.rpartition(":")[2]: each for each in arns}
    own = {name: f"{project.prefix}-{name}" for name in found}
    return {name: by_name[topic] for name, topic in own.items() if topic in by_name} | named


def client_of(target: Target, text: str) -> Json:
    """Return a client of the service and the region of an ARN."""
    parsed = arn.parse(text)
    assert parsed is not None
    return replace(target, region=parsed.region).client(parsed.service)


def is_missing(error: ClientError) -> bool:
    """Return whether a call failed because its queue or topic does not exist."""
    return any(each in error.response["Error"]["Code"] for each in MISSING_CODES)
