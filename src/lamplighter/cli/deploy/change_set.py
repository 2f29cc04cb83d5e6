"""Change sets: made, waited for, carried out or thrown away.

Promises that a change set which is not carried out leaves nothing behind, the empty stack that a first one makes
included. See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html.
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
"""How CloudFormation says that there is nothing to do."""


class ChangeSetRefused(LamplighterError):
    """CloudFormation does not take a template."""


class StackChanged(LamplighterError):
    """Something else was done to the stack first."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What CloudFormation would do."""

    id: str
    stack: str
    """The stack's id."""
    is_first: bool
    """Whether the stack is not made yet."""
    replaced: Mapping[str, str]
    """By logical id, whether CloudFormation replaces a resource: True, or Conditional."""
    count: int
    """How many resources it touches."""


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
    """Make a change set of this title for the stack of this name, and wait for it; None where nothing changes.

    `imports`: resources that exist with their names, belong to no stack and would be retained are taken over.
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
    """Whatever goes wrong inside, the change set does not stay behind; nor does its own going wrong hide why."""
    try:
        yield
    except BaseException:
        with suppress(*CALL_ERRORS):
            discard(client, change_set)
        raise


def execute(client: Json, change_set: ChangeSet) -> None:
    """Carry a change set out; Overtaken where something else was done to the stack since it was made.

    One that is refused does not stay behind. CloudFormation deletes none that it has begun to carry out, so that one
    whose answer is lost on the way goes on.
    """
    try:
        with discarded_on_error(client, change_set):
            client.execute_change_set(ChangeSetName=change_set.id)
    except ClientError as error:
        if error.response["Error"]["Code"].startswith("InvalidChangeSetStatus"):
            raise StackChanged(
                "somebody else changed the stack meanwhile, and nothing was done: deploy again"
            ) from None
        raise


def discard(client: Json, change_set: ChangeSet) -> None:
    """Throw a change set away, and the stack that was there for its sake only."""
    client.delete_change_set(ChangeSetName=change_set.id)
    if change_set.is_first and _is_shell(client, change_set.stack):
        client.delete_stack(StackName=change_set.stack)


def _is_shell(client: Json, stack: str) -> bool:
    """Whether a stack still holds nothing, and waits for nobody else's change set."""
    found = stacks.find_stack(client, stack)
    waits = found is not None and found.status == stacks.WAITING
    return waits and not client.list_change_sets(StackName=stack)["Summaries"]
