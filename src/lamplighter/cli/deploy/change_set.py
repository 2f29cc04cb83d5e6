"""Create change sets, wait for them, and execute or discard them.

Guarantees that a change set which is not executed leaves nothing behind; this includes the empty stack that a first
change set creates. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from botocore.exceptions import ClientError

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.deploy import stacks
from lamplighter.cli.deploy.stacks import Stack
from lamplighter.cli.deploy.upload_template import TemplateUpload, template_parameters
from lamplighter.cli.target import CALL_ERRORS, Target

CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
NOTHING = ("didn't contain changes", "No updates are to be performed")
"""Parts of the messages with which CloudFormation reports that there is nothing to change."""


class ChangeSetRefused(LamplighterError):
    """CloudFormation rejects a template."""


class StackChanged(LamplighterError):
    """The stack changed after the change set was created."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set of CloudFormation: the changes that it would make to a stack."""

    id: str
    stack: str
    """The stack's ID."""
    is_first: bool
    """Whether the change set creates the stack."""
    replaced: Mapping[str, str]
    """The resources that CloudFormation replaces, by logical ID: "True", or "Conditional" if it may replace them."""
    count: int
    """The number of resources that change."""


def create(
    target: Target,
    stack: Stack | None,
    name: str,
    title: str,
    template: Json,
    parameters: Mapping[str, str],
    room: TemplateUpload,
    pause: Callable[[], object],
    *,
    imports: bool = False,
) -> ChangeSet | None:
    """Create a change set with a title for the stack of this name, and wait for it; return None if nothing changes.

    `imports`: the change set takes over existing resources that have the template's names, belong to no stack, and have
    the deletion policy Retain in the template. Raises `ChangeSetRefused` if CloudFormation rejects the template.
    """
    client = target.client("cloudformation")
    is_first = stack is None or stack.status == stacks.WAITING
    asked = {
        "StackName": name,
        "ChangeSetName": title,
        "ChangeSetType": "CREATE" if is_first else "UPDATE",
        "Capabilities": CAPABILITIES,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        **({"ImportExistingResources": True} if imports else {}),
        **template_parameters(target, name, template, room),
    }
    try:
        made = client.create_change_set(**asked)
    except ClientError as error:
        if _is_nothing(error.response["Error"].get("Message", "")):
            return None
        raise
    shell = ChangeSet(made["Id"], made["StackId"], is_first, {}, 0)
    with discarded_on_error(client, shell):
        found = _waited_for(client, made["Id"], pause)
    touched = {each["LogicalResourceId"]: each.get("Replacement", "False") for each in found["Changes"]}
    replaced = {key: value for key, value in touched.items() if value != "False"}
    change_set = replace(shell, replaced=replaced, count=len(touched))
    if found["Status"] != "FAILED":
        return change_set
    discard(client, change_set)
    why = found.get("StatusReason", "no reason was given")
    if _is_nothing(why):
        return None
    raise ChangeSetRefused(f"CloudFormation refuses the change: {why}")


def _is_nothing(why: str) -> bool:
    return any(words in why for words in NOTHING)


def _waited_for(client: Json, key: str, pause: Callable[[], object]) -> Json:
    while True:
        found = client.describe_change_set(ChangeSetName=key)
        if not found["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
            break
        pause()
    changes, token = list(found.get("Changes", [])), found.get("NextToken")
    while token:
        more = client.describe_change_set(ChangeSetName=key, NextToken=token)
        changes += more.get("Changes", [])
        token = more.get("NextToken")
    return found | {"Changes": [each["ResourceChange"] for each in changes if "ResourceChange" in each]}


@contextmanager
def discarded_on_error(client: Json, change_set: ChangeSet) -> Iterator[None]:
    """Discard the change set if the block raises; an error in discarding it does not hide the first error."""
    try:
        yield
    except BaseException:
        with suppress(*CALL_ERRORS):
            discard(client, change_set)
        raise


def execute(client: Json, change_set: ChangeSet) -> None:
    """Execute a change set; raise `StackChanged` if the stack changed after the change set was created.

    A change set whose execution is refused is discarded. CloudFormation does not delete a change set that it executes,
    so the execution continues if only its answer was lost.
    """
    try:
        with discarded_on_error(client, change_set):
            client.execute_change_set(ChangeSetName=change_set.id)
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("InvalidChangeSetStatus"):
            raise StackChanged("the stack was changed in the meantime, and nothing was done: deploy again") from None
        raise


def discard(client: Json, change_set: ChangeSet) -> None:
    """Delete a change set, and the empty stack that exists only for its sake."""
    client.delete_change_set(ChangeSetName=change_set.id)
    if change_set.is_first and _is_shell(client, change_set.stack):
        client.delete_stack(StackName=change_set.stack)


def _is_shell(client: Json, stack: str) -> bool:
    """Return whether a stack is still empty and has no other change set."""
    found = stacks.find_stack(client, stack)
    waits = found is not None and found.status == stacks.WAITING
    return waits and not client.list_change_sets(StackName=stack)["Summaries"]
