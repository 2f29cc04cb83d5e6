"""Answer the operations on stack sets. One engine serves one machine, so it has no stack sets.

Guarantees the answers of an account without stack sets: a list is empty, and a name is not found. Rejects the creation
of a stack set, and says what to do instead. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html.
"""

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.errors import StackSetNotFound, StackValidationError
from lamplighter.store.db import Reader

READS = (
    *("DescribeStackInstance", "DescribeStackSet", "DescribeStackSetOperation", "ListStackInstances"),
    *("ListStackInstanceResourceDrifts", "ListStackSetAutoDeploymentTargets", "ListStackSetOperationResults"),
    "ListStackSetOperations",
)
CHANGES = (
    *("CreateStackInstances", "DeleteStackInstances", "DeleteStackSet", "DetectStackSetDrift"),
    *("ImportStacksToStackSet", "StopStackSetOperation", "UpdateStackInstances", "UpdateStackSet"),
)
"""The operations that name a stack set; on AWS, they change something."""


def list_stack_sets(_reader: Reader, _caller: Caller, _params: Json) -> Json:
    """List the stack sets: there are none (`ListStackSets`)."""
    return {"Summaries": []}


def reject_creation(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """Reject the creation of a stack set (`CreateStackSet`)."""
    raise StackValidationError(
        f"StackSet {params['StackSetName']} cannot be created: this engine has no stack sets. Create a stack in each "
        "account and region with CreateStack."
    )


def reject_name(_reader: Reader, _caller: Caller, params: Json) -> Json:
    """Reject the name of a stack set that does not exist."""
    raise StackSetNotFound(params["StackSetName"])
