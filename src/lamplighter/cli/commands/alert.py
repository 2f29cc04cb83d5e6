"""Run `lamplighter alert CHANNEL`: send a test alert to a channel of the job file, as a failed run would.

Exit codes: 0 the topic of the channel has accepted the alert; 1 there is no such channel, or it is not applied. Whether
the alert then reaches its recipient is shown by `lamplighter doctor`.
"""

from typing import Annotated

import typer

from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.command_context import CommandContext, fail, with_command_context
from lamplighter.jobs.file.model import Project

ChannelArgument = Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's name in the job file.")]


@with_command_context
def alert(context: CommandContext, channel: ChannelArgument) -> None:
    """Send a test alert to a channel, to try it."""
    project = context.project
    if project is None:
        fail("this folder has no job file: name one with --file")
    if channel not in project.channels:
        known = ", ".join(project.channels) or "none"
        fail(f"the job file has no channel {channel}; its channels are: {known}")
    topic = _find_topic(context, project, channel)
    subject = f"test of the channel {channel}: alerts arrive here"
    text = f"{subject}\n\nProject:   {project.prefix}\nSent by:   lamplighter alert {channel}\n"
    context.target.client("sns").publish(TopicArn=topic, Subject=subject, Message=text)
    typer.echo(f"sent to {channel}; if it does not arrive, `lamplighter doctor` says why")


def _find_topic(context: CommandContext, project: Project, channel: str) -> str:
    """Return the ARN of the channel's topic; end the command if there is none."""
    sns = context.target.client("sns")
    named = project.channels[channel].sns
    if named is not None:
        try:
            sns.get_topic_attributes(TopicArn=named)
        except ClientError:
            fail(f"the topic {named} does not exist")
        return named
    pages = sns.get_paginator("list_topics").paginate()
    arns = [each["TopicArn"] for page in pages for each in page["Topics"]]
    name = f"{project.prefix}-{channel}"
    found = next((each for each in arns if each.rpartition(":")[2] == name), None)
    if found is None:
        fail(f"the channel {channel} is not applied: there is no topic {name}")
    return str(found)
