"""Decide which channels an alarm tells.

An alarm learns nothing of a topic that refuses its message, and has no dead-letter queue. So an alarm that reports a
possible loss tells two channels, if the project has two.
"""

from collections.abc import Iterator, Sequence

from lamplighter.jobs.file.model import Project

MAX_ACTIONS = 5
"""The most actions of an alarm:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""


def with_other_channel(project: Project, channels: Sequence[str]) -> Sequence[str]:
    """Return channels, and another one if there is only one."""
    working = [each for each in channels if project.channels[each].works_on_aws]
    if not channels or len(working) > 1:
        return channels
    return [*channels, *other_channels(project, (working or channels)[0])[:1]]


def other_channels(project: Project, name: str) -> Sequence[str]:
    """Return the channels that report the loss of a channel.

    Channels of another kind come first, because they do not fail for the same reason.
    """
    kind = project.channels[name].kind
    others = [each for each, channel in project.channels.items() if each != name and channel.works_on_aws]
    return sorted(others, key=lambda each: project.channels[each].kind == kind)[:MAX_ACTIONS]


def groups(channels: Sequence[str], most: int = MAX_ACTIONS) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the channels in groups of at most `most`, each with its number; the first one has none."""
    for at, first in enumerate(range(0, len(channels), most)):
        yield str(at + 1) if at else "", channels[first : first + most]
