"""Run `lamplighter alert CHANNEL`: send a test alert to a channel of the job file, as a failed run would.

On AWS, it goes the whole way of an alert about a failed run, if the channel gets such alerts.

Exit codes: 0 the topic of the channel has accepted the alert; 1 there is no such channel, it is not applied, or on AWS
a link is broken. Whether the alert then reaches its recipient is shown by `lamplighter doctor`.
"""

from typing import Annotated

import typer

from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.channel_targets import client_of, is_missing, topics_of_channels
from lamplighter.cli.command_context import CommandContext, fail, with_command_context
from lamplighter.cli.deployed.deployment import require_deployment
from lamplighter.cli.deployed.send_test_alert import send_test_alert
from lamplighter.cli.doctor.print_findings import print_findings
from lamplighter.cli.up.check_channels import missing_target_message
from lamplighter.jobs.machine.supported_jobs import failure_channels

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
    topic = topics_of_channels(project, [channel], context.target).get(channel)
    if topic is None:
        fail(f"the channel {channel} is not applied: there is no topic {project.prefix}-{channel}")
    on_aws = context.target.endpoint is None
    if on_aws and any(channel in failure_channels(job) for job in project.jobs.values()):
        findings = send_test_alert(require_deployment(context), channel)
        raise typer.Exit(1 if print_findings(findings, json=False) else 0)
    subject = f"test of the channel {channel}: alerts arrive here"
    text = f"{subject}\n\nProject:   {project.prefix}\nSent by:   lamplighter alert {channel}\n"
    try:
        client_of(context.target, topic).publish(TopicArn=topic, Subject=subject, Message=text)
    except ClientError as error:
        if is_missing(error):
            fail(missing_target_message("sns", topic))
        raise
    own = " with your own permissions, for no alert about a failed run goes there" if on_aws else ""
    typer.echo(f"sent to {channel}{own}; if it does not arrive, `{context.hint('doctor')}` says why")
