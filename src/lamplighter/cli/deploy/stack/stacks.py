"""Read a project's stack: its status, its parameters and its template.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-stack-status-codes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.cli.call_errors import ClientError
from lamplighter.cli.deploy.stack.nested_templates import parse_body, read_whole_template
from lamplighter.jobs.stack.template import DESCRIPTION_SUFFIX

IN_REVIEW = "REVIEW_IN_PROGRESS"
"""The status of a stack that waits for its first change set: it holds nothing and has no template yet."""
ROLLED_BACK = "ROLLBACK_COMPLETE"
"""The status of a stack whose creation was rolled back: it holds nothing and can only be deleted."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as CloudFormation describes it."""

    name: str
    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    protected: bool

    @property
    def is_in_progress(self) -> bool:
        """Whether an operation on the stack is in progress."""
        return self.status.endswith("_IN_PROGRESS") and self.status != IN_REVIEW


def find_stack(client: Json, name: str) -> Stack | None:
    """Return a stack by its name or ID, or None if it does not exist."""
    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return to_stack(found)


def to_stack(found: Json) -> Stack:
    """Return a stack of an answer of DescribeStacks."""
    return Stack(
        found["StackName"],
        found["StackId"],
        found["StackStatus"],
        found.get("StackStatusReason", ""),
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
        found.get("EnableTerminationProtection", False),
    )


def read_template(client: Json, stack: Stack) -> Json:
    """Return the original template of a stack with those of its nested stacks, or {} if it is not JSON; the templates
    of job files are JSON.
    """
    root = parse_body(client.get_template(StackName=stack.id, TemplateStage="Original"))
    return read_whole_template(client, stack.id, root) if is_from_job_file(root) else root


def is_from_job_file(document: Json) -> bool:
    """Return whether a template was made from a job file."""
    return isinstance(document, dict) and str(document.get("Description", "")).endswith(DESCRIPTION_SUFFIX)
