"""Find channels of a job file that cannot work: missing queues, topics or secrets, useless commands or URLs.

SNS accepts such a subscription, and the alert is lost when it is needed. Guarantees that the channel is reported when
the file is applied, with its line and what to do.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from lamplighter.base.aws import arn
from lamplighter.base.aws.secret_references import parse_reference
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.cli.up.apply_plan import PlanFault
from lamplighter.cli.up.stack_plan import StackPlan
from lamplighter.engine.engine import Engine
from lamplighter.jobs import names
from lamplighter.jobs.file.channels import Channel
from lamplighter.jobs.file.secrets import is_secret_reference
from lamplighter.jobs.lint.missing_secrets import secret_advice


async def find_channel_faults(engine: Engine, plan: StackPlan) -> list[PlanFault]:
    """Return a fault for each channel of a plan that cannot work."""
    if plan.project is None or plan.origin is None:
        return []
    folder, found = Path(plan.origin.file).parent, []
    for name, channel in plan.project.channels.items():
        reason = await _explain_channel(engine, channel, folder)
        if reason is not None:
            position = plan.positions.get(names.topic_id(name), plan.origin.file)
            topic = (channel.sns or plan.project.name(name)).rpartition(":")[2]
            found.append(PlanFault(f"the channel {name}", position, reason, is_temporary=False, topic=topic))
    for name, job in plan.project.jobs.items():
        reason = None if job.heartbeat is None else _explain_address(engine, job.heartbeat)
        if reason is not None:
            position = plan.positions.get(names.state_machine_id(name), plan.origin.file)
            found.append(PlanFault(f"the heartbeat of {name}", position, reason, is_temporary=False))
    return found


async def _explain_channel(engine: Engine, channel: Channel, folder: Path) -> str | None:
    if channel.command is not None:
        return await find_command_problem(channel.command[0], folder)
    if channel.webhook is not None:
        return find_url_problem(channel.webhook)
    if channel.chat is not None:
        return _explain_address(engine, channel.chat[1])
    for target, service, operation, parameter in _target_calls(channel):
        parsed = arn.parse(target)
        assert parsed is not None
        params: Json = {parameter: target if service == "sns" else parsed.resource}
        try:
            await engine.call(Caller(parsed.account, parsed.region), service, operation, params)
        except AwsError:
            return missing_target_message(service, target)
    return None


def _explain_address(engine: Engine, address: str) -> str | None:
    if not is_secret_reference(address):
        return None if address.isalnum() else find_url_problem(address)
    if engine.config.secrets("", address):
        return None
    reference = parse_reference(address)
    return f"the secret {reference.text} has no value on this machine: {secret_advice(address, '.env')}"


def _target_calls(channel: Channel) -> Iterator[tuple[str, str, str, str]]:
    if channel.sqs is not None:
        yield channel.sqs, "sqs", "GetQueueUrl", "QueueName"
    if channel.sns is not None:
        yield channel.sns, "sns", "GetTopicAttributes", "TopicArn"


def missing_target_message(service: str, target: str) -> str:
    """Return the message for a queue or a topic that does not exist."""
    what, verb = (
        ("queue", "sqs create-queue --queue-name") if service == "sqs" else ("topic", "sns create-topic --name")
    )
    name = target.rpartition(":")[2]
    how = f"create it (`aws {verb} {name}`), or name another one"
    return f"the {what} {target} does not exist, so its alerts are lost: {how}"


def find_url_problem(text: str) -> str | None:
    """Return why a URL cannot be called, without the URL, which may be a secret; None if it is valid."""
    try:
        parts = urlsplit(text)
        # Reading `port` validates it.
        if parts.hostname and (parts.port is None or parts.port > 0):
            return None
        reason = "it has no host"
    except ValueError:  # its text has a part of the URL in it
        reason = "its host or its port is not valid"
    return f"its address is not a valid URL ({reason}): use one such as https://example.com/alerts"


async def find_command_problem(program: str, folder: Path) -> str | None:
    """Return why a command cannot be run, or None if the shell that will run it finds the program."""
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", 'command -v "$1"', "sh", program),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await process.wait() == 0:
        return None
    return f"the command {program} cannot be run here: install it, make it executable, or name another"
