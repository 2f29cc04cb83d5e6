"""Create change sets, wait for them, and execute or discard them.

Guarantees that a change set which is not executed leaves nothing behind; this includes the empty stack that a first
change set creates. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import CALL_ERRORS, ClientError
from lamplighter.cli.deploy.stack import stacks
from lamplighter.cli.deploy.stack.stacks import Stack
from lamplighter.cli.deploy.stack.template_bucket import TemplateBucket
from lamplighter.cli.deploy.stack.upload_template import pass_template
from lamplighter.cli.target import Target

CAPABILITIES = ["CAPABILITY_IAM"]
"""CloudFormation names all roles, so the capability for named ones is not asked for."""
NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""Parts of the messages with which CloudFormation reports that there is nothing to change."""


class ChangeSetFailed(LamplighterError):
    """CloudFormation rejects a template."""


class StackChanged(LamplighterError):
    """The stack changed after the change set was created."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set of CloudFormation: the changes that it would make to a stack."""

    id: str
    stack_id: str
    """The stack's ID."""
    creates_stack: bool
    """Whether the change set creates the stack."""
    replaced: Mapping[str, str]
    """The resources that CloudFormation replaces, by logical ID: "True", or "Conditional" if it may replace them."""
    count: int
    """The number of resources that change."""
    template: Json = None
    """The template of the stack itself, if this process created the change set."""

    @property
    def names(self) -> dict[str, str]:
        """The parameters of calls: by the stack, IAM decides about a change set that is gone, too."""
        return {"ChangeSetName": self.id, "StackName": self.stack_id}


def create_change_set(
    target: Target,
    stack: Stack | None,
    name: str,
    title: str,
    template: Json,
    parameters: Mapping[str, str],
    bucket: TemplateBucket | None,
    pause: Callable[[], object],
    *,
    imports: bool = False,
    options: Mapping[str, Json] | None = None,
) -> ChangeSet | None:
    """Create a change set with a title for the stack of this name, and wait for it; return None if nothing changes.

    `options`: further parameters of the request (`stack_options.py`).
    `imports`: the change set takes over existing resources that have the template's names, belong to no stack, and have
    the deletion policy Retain in the template. Raises `ChangeSetFailed` if CloudFormation rejects the template.
    """
    client = target.client("cloudformation")
    passed = pass_template(target, name, template, bucket)
    creates_stack = stack is None or stack.status == stacks.IN_REVIEW
    request = {
        "StackName": name,
        "ChangeSetName": title,
        "ChangeSetType": "CREATE" if creates_stack else "UPDATE",
        "Capabilities": CAPABILITIES,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        **({"ImportExistingResources": True} if imports else {}),
        **({"IncludeNestedStacks": True} if passed.is_nested else {}),
        **passed.parameters,
        **(options or {}),
    }
    try:
        answer = client.create_change_set(**request)
    except ClientError as error:
        if _means_no_change(error.response["Error"].get("Message", "")):
            return None
        raise
    created = ChangeSet(answer["Id"], answer["StackId"], creates_stack, {}, 0, passed.root)
    with discarded_on_error(client, created):
        found = _wait_until_created(client, created, pause)
    change_set = with_changes(created, found)
    if found["Status"] != "FAILED":
        return change_set
    discard_change_set(client, change_set)
    reason = found.get("StatusReason", "no reason was given")
    if _means_no_change(reason):
        return None
    raise ChangeSetFailed(f"CloudFormation refuses the change: {reason}")


def _means_no_change(reason: str) -> bool:
    return any(words in reason for words in NO_CHANGES)


def with_changes(change_set: ChangeSet, found: Json) -> ChangeSet:
    """Return a change set with the changes of its description (`describe_change_set`)."""
    touched = {each["LogicalResourceId"]: each.get("Replacement", "False") for each in found["Changes"]}
    replaced = {key: value for key, value in touched.items() if value != "False"}
    return replace(change_set, replaced=replaced, count=len(touched))


def _wait_until_created(client: Json, change_set: ChangeSet, pause: Callable[[], object]) -> Json:
    while (found := describe_change_set(client, **change_set.names))["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
        pause()
    return found


def describe_change_set(client: Json, **names: str) -> Json:
    """Return the description of a change set with the changes of all resources."""
    found = client.describe_change_set(**names)
    changes, token = list(found.get("Changes", [])), found.get("NextToken")
    while token:
        more = client.describe_change_set(**names, NextToken=token)
        changes += more.get("Changes", [])
        token = more.get("NextToken")
    found_changes = [each["ResourceChange"] for each in changes if "ResourceChange" in each]
    nested = [each["ChangeSetId"] for each in found_changes if "ChangeSetId" in each]
    below = [change for each in nested for change in describe_change_set(client, ChangeSetName=each)["Changes"]]
    return found | {"Changes": [*found_changes, *below]}


@contextmanager
def discarded_on_error(client: Json, change_set: ChangeSet) -> Iterator[None]:
    """Discard the change set if the block raises; an error in discarding it does not hide the first error.

    CloudFormation does not delete a change set that it executes, so an execution continues if only its answer was lost.
    """
    try:
        yield
    except BaseException:
        with suppress(*CALL_ERRORS):
            discard_change_set(client, change_set)
        raise


def execute_change_set(client: Json, change_set: ChangeSet) -> None:
    """Execute a change set; raise `StackChanged` if the stack changed after the change set was created."""
    try:
        client.execute_change_set(**change_set.names)
    except ClientError as error:
        # The execution of one change set deletes the others; an update forbids their execution.
        if error.response["Error"]["Code"].startswith(("InvalidChangeSetStatus", "ChangeSetNotFound")):
            raise StackChanged("the stack was changed in the meantime, and nothing was done: deploy again") from None
        raise


def discard_change_set(client: Json, change_set: ChangeSet) -> None:
    """Delete a change set, and the empty stack that exists only for its sake."""
    client.delete_change_set(**change_set.names)
    if change_set.creates_stack and _is_empty_stack(client, change_set.stack_id):
        client.delete_stack(StackName=change_set.stack_id)


def _is_empty_stack(client: Json, stack_id: str) -> bool:
    """Return whether a stack is still empty and has no other change set."""
    found = stacks.find_stack(client, stack_id)
    in_review = found is not None and found.status == stacks.IN_REVIEW
    return in_review and not client.list_change_sets(StackName=stack_id)["Summaries"]
