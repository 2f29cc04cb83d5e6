"""The stack of a project, as it is: its status, its parameters, the template that it was made of.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lamplighter.base.json_text import Json, JsonError, dumps, loads

OURS = ", by lamplighter"
"""How the description of a template of ours ends."""
WAITING = "REVIEW_IN_PROGRESS"
"""A stack that waits for its first change set: it holds nothing, and has no template yet."""
TAKEN_BACK = "ROLLBACK_COMPLETE"
"""A stack whose making was taken back: it holds nothing any more, and can only be deleted."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack."""

    name: str
    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    protected: bool

    @property
    def is_going(self) -> bool:
        """Whether something is being done to it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != WAITING


def find_stack(client: Json, name: str) -> Stack | None:
    """A stack by its name or its id; None where there is none."""
    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return Stack(
        found["StackName"],
        found["StackId"],
        found["StackStatus"],
        found.get("StackStatusReason", ""),
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
        found.get("EnableTerminationProtection", False),
    )


def read_template(client: Json, stack: Stack) -> Json:
    """The template that a stack was made of; nothing where that is not JSON, as ours are."""
    body = client.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    try:
        return loads(body if isinstance(body, str) else dumps(dict(body)))
    except JsonError:
        return {}


def is_ours(document: Json) -> bool:
    """Whether a stack's template was made of a job file."""
    return isinstance(document, dict) and str(document.get("Description", "")).endswith(OURS)
