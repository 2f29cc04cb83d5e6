"""Keep the log groups of jobs: they outlive their job and their stack, and a job that comes back adopts its own.

Every log group has the deletion policy Retain. A change set that imports existing resources adopts it again, also in
nested stacks. Templates of earlier versions have no such policy, and CloudFormation deletes a resource as the template
before states. So the first deployment after such a template keeps the log groups of removed jobs in the stack. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.site_options import SiteOptions

LOG_GROUP = "AWS::Logs::LogGroup"
RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


class LogsNotRetained(LamplighterError):
    """The log groups of a stack would be deleted with it."""


def log_group_names(template: Json) -> tuple[str, ...]:
    """Return the names of a template's log groups."""
    return tuple(each["Properties"]["LogGroupName"] for _, each in _log_groups(template))


def check_retained(stack: Stack, deployed: Json, options: SiteOptions) -> None:
    """Raise `LogsNotRetained` if the deletion of a stack would delete log groups."""
    if any(not _is_retained(each) for _, each in _log_groups(deployed)):
        raise LogsNotRetained(
            f"an earlier version deployed {stack.name}, so its logs would be deleted with it: run "
            f"`{options.hint('deploy')}` first to keep them, or use --delete-logs"
        )


def keep_leaving_logs(document: Json, deployed: Json) -> Json:
    """Return a template with the deployed log groups that it no longer has and that would be deleted."""
    leaving = {
        title: {**each, **RETAINED}
        for title, each in _log_groups(deployed)
        if title not in document["Resources"] and not _is_retained(each)
    }
    return {**document, "Resources": {**document["Resources"], **leaving}} if leaving else document


def find_existing_groups(client: Json, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the log groups that exist already, because an earlier deployment left them."""
    if not names:
        return ()
    prefix = f"{names[0].rpartition('/')[0]}/" if len(names) > 1 else names[0]
    found = {each["logGroupName"] for each in find_groups(client, prefix)}
    return tuple(name for name in names if name in found)


def find_groups(client: Json, prefix: str) -> Iterator[Json]:
    """Yield the log groups whose names begin with a prefix."""
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        yield from page["logGroups"]


def delete_log_groups(client: Json, names: Iterable[str]) -> None:
    """Delete log groups; a log group that does not exist is no error."""
    for name in names:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_log_group(logGroupName=name)


def _log_groups(template: Json) -> Iterator[tuple[str, Json]]:
    return ((title, each) for title, each in template.get("Resources", {}).items() if each["Type"] == LOG_GROUP)


def _is_retained(resource: Json) -> bool:
    return bool(resource.get("DeletionPolicy") == "Retain")
