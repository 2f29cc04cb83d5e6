"""The stack of a project, as it is: its status, its parameters, the template that it was made of.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lamplighter.base.jsontext import Json, JsonError, dumps, loads

OURS = ", by lamplighter"
"""How the description of a template of ours ends."""
NOTHING_THERE = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")
"""Stacks that hold nothing: one that waits for its first change set, one whose making was taken back."""


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
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def find(client: Json, name: str) -> Stack | None:
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


def template(client: Json, stack: Stack | None) -> Json:
    """The template that a stack was made of; nothing where it holds nothing, or where it is not JSON, as ours are."""
    if stack is None or stack.status in NOTHING_THERE:
        return {}
    body = client.get_template(StackName=stack.id, TemplateStage="Original")["TemplateBody"]
    try:
        return loads(body if isinstance(body, str) else dumps(dict(body)))
    except JsonError:
        return {}


def is_ours(document: Json) -> bool:
    """Whether a stack's template was made of a job file."""
    return isinstance(document, dict) and str(document.get("Description", "")).endswith(OURS)
