"""Logs that outlive their stack: a deletion policy that is put on them before the stack goes.

A deletion policy by itself is no change that CloudFormation carries out everywhere, so a tag goes with it. The next
deployment takes the logs over by a change set that imports what exists. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from rich.console import Console

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy import follow_stack
from lamplighter.cli.deploy.change_set import CAPABILITIES
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.deploy.upload_template import TemplateUpload, template_parameters
from lamplighter.cli.target import Target

LOG = "AWS::Logs::LogGroup"
KEPT = {"Key": "lamplighter:kept", "Value": "yes"}


class LogsNotRetained(LamplighterError):
    """Logs could not be made to stay, so nothing is deleted."""


def log_groups(template: Json) -> tuple[str, ...]:
    """The names of the log groups of a template."""
    return tuple(each["Properties"]["LogGroupName"] for each in template.get("Resources", {}).values() if _is_log(each))


def retain_logs(
    target: Target, stack: Stack, template: Json, room: TemplateUpload, console: Console, pause: Callable[[], object]
) -> None:
    """Have the log groups of a stack stay when it goes."""
    changed = {name: _kept(each) if _is_log(each) else each for name, each in template["Resources"].items()}
    if changed == template["Resources"]:
        return
    client = target.client("cloudformation")
    course = follow_stack.start_progress(client, stack.id)
    client.update_stack(
        StackName=stack.id,
        **template_parameters(target, stack.name, {**template, "Resources": changed}, room),
        Capabilities=CAPABILITIES,
        Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in stack.parameters],
    )
    with follow_stack.explain_interrupt(f"the change that keeps the logs of {stack.name}", stack.name, target):
        follow_stack.follow_stack(client, stack.id, course, len(log_groups(template)), console, pause)
    if not follow_stack.report_outcome(course):
        raise LogsNotRetained(f"the logs of {stack.name} could not be kept, and nothing was deleted")


def existing_groups(client: Json, wanted: Iterable[str]) -> tuple[str, ...]:
    """Those of some log groups that are there already, because an earlier deployment left them."""
    return tuple(name for name in wanted if _exists(client, name))


def _exists(client: Json, name: str) -> bool:
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(each["logGroupName"] == name for each in found)


def importing_template(template: Json, names: Iterable[str]) -> Json:
    """A template that can take over log groups which are there: CloudFormation imports only what would be retained."""
    wanted = set(names)
    changed = {
        title: {**each, "DeletionPolicy": "Retain"}
        if _is_log(each) and each["Properties"]["LogGroupName"] in wanted
        else each
        for title, each in template["Resources"].items()
    }
    return {**template, "Resources": changed}


def retained_groups(template: Json) -> tuple[str, ...]:
    """The log groups that stay when their stack goes."""
    found = template.get("Resources", {}).values()
    return tuple(
        each["Properties"]["LogGroupName"] for each in found if _is_log(each) and each.get("DeletionPolicy") == "Retain"
    )


def delete_groups(client: Json, names: Iterable[str]) -> None:
    """Delete log groups; one that is gone already is no error."""
    for name in names:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_log_group(logGroupName=name)


def _is_log(resource: Json) -> bool:
    return bool(resource["Type"] == LOG)


def _kept(resource: Json) -> Json:
    properties = resource["Properties"]
    tags = [each for each in properties.get("Tags", []) if each["Key"] != KEPT["Key"]]
    return {**resource, "DeletionPolicy": "Retain", "Properties": {**properties, "Tags": [*tags, KEPT]}}
