"""Retain the log groups of a stack that is deleted: give them a deletion policy before the deletion.

CloudFormation does not everywhere treat a new deletion policy as a change, so the log groups get a tag as well. The
next deployment takes the log groups over with a change set that imports existing resources. See
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
from lamplighter.cli.deploy.previous_template import without_previous
from lamplighter.cli.deploy.stack_options import role_option
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.deploy.template_bucket import create_bucket
from lamplighter.cli.deploy.upload_template import choose_bucket, pass_template
from lamplighter.cli.target import Target
from lamplighter.jobs.file.aws_settings import AwsSettings

LOG_GROUP = "AWS::Logs::LogGroup"
RETAINED_TAG = {"Key": "lamplighter:kept", "Value": "yes"}


class LogsNotRetained(LamplighterError):
    """The log groups could not be retained, so nothing is deleted."""


def log_group_names(template: Json) -> tuple[str, ...]:
    """Return the names of a template's log groups."""
    return tuple(
        each["Properties"]["LogGroupName"] for each in template.get("Resources", {}).values() if _is_log_group(each)
    )


def retain_logs(
    target: Target,
    stack: Stack,
    template: Json,
    named: str | None,
    aws: AwsSettings,
    console: Console,
    pause: Callable[[], object],
) -> None:
    """Update a stack so that its log groups stay when the stack is deleted; raise `LogsNotRetained` if that fails.

    `named`: the bucket that the user names for a long template.
    """
    changed = {name: _retain(each) if _is_log_group(each) else each for name, each in template["Resources"].items()}
    if changed == template["Resources"]:
        return
    kept = without_previous({**template, "Resources": changed})
    bucket = choose_bucket(target, kept, named)
    if bucket is not None and not bucket.exists:
        create_bucket(target, bucket, aws, console, pause)
    client = target.client("cloudformation")
    progress = follow_stack.start_progress(client, stack.id)
    client.update_stack(
        StackName=stack.id,
        **pass_template(target, stack.name, kept, bucket).parameters,
        Capabilities=CAPABILITIES,
        Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in stack.parameters],
        **role_option(aws, target),
    )
    with follow_stack.explain_interrupt(f"the change that keeps the logs of {stack.name}", stack.name, target):
        follow_stack.follow_stack(client, stack.id, progress, len(log_group_names(template)), console, pause)
    if not follow_stack.report_outcome(progress):
        raise LogsNotRetained(f"the logs of {stack.name} could not be kept, and nothing was deleted")


def find_existing_groups(client: Json, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the log groups that exist already, because an earlier deployment left them."""
    return tuple(name for name in names if _exists(client, name))


def _exists(client: Json, name: str) -> bool:
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(each["logGroupName"] == name for each in found)


def importing_template(template: Json, names: Iterable[str]) -> Json:
    """Return a template that retains these log groups; CloudFormation imports only resources that it would retain."""
    retained = set(names)
    changed = {
        title: {**each, "DeletionPolicy": "Retain"}
        if _is_log_group(each) and each["Properties"]["LogGroupName"] in retained
        else each
        for title, each in template["Resources"].items()
    }
    return {**template, "Resources": changed}


def retained_group_names(template: Json) -> tuple[str, ...]:
    """Return the names of the log groups that stay when their stack is deleted."""
    found = template.get("Resources", {}).values()
    return tuple(
        each["Properties"]["LogGroupName"]
        for each in found
        if _is_log_group(each) and each.get("DeletionPolicy") == "Retain"
    )


def delete_log_groups(client: Json, names: Iterable[str]) -> None:
    """Delete log groups; a log group that does not exist is no error."""
    for name in names:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_log_group(logGroupName=name)


def _is_log_group(resource: Json) -> bool:
    return bool(resource["Type"] == LOG_GROUP)


def _retain(resource: Json) -> Json:
    properties = resource["Properties"]
    tags = [each for each in properties.get("Tags", []) if each["Key"] != RETAINED_TAG["Key"]]
    return {**resource, "DeletionPolicy": "Retain", "Properties": {**properties, "Tags": [*tags, RETAINED_TAG]}}
