"""Find resources that were deleted without their stack, so that the next update creates them again.

AWS finds them by drift detection, and does not create them again; an engine that maintains the jobs of a file needs
both. AWS has no operation `FindMissingResources`. It checks one page of a stack's resources, and records each missing
resource as deleted. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from dataclasses import replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.deploy.resource_handler import resource_exists
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.stacks.stack_events import is_in_progress
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.templates.external_inputs import NotFetched

MAX_CHECKED_PER_TURN = 200
"""The most resources that one turn checks: about 10 ms."""
DELETED_OUTSIDE_STACK = "The resource was deleted outside of its stack."


def find_missing_resources(turn: StackTurn, after: str) -> Json:
    """Return the missing resources of the page after a logical id, and where the next page begins."""
    if is_in_progress(turn.stack.status):
        return {"Missing": []}
    page = stack_resources.page(turn.tx, turn.stack.id, after, MAX_CHECKED_PER_TURN)
    missing = [row for row in page if _is_missing(turn, row)]
    for row in missing:
        turn.set_status(replace(row, physical=None), "DELETE_COMPLETE", DELETED_OUTSIDE_STACK)
    found = [{"Logical": row.logical, "Type": row.type, "Physical": row.physical} for row in missing]
    return {"Missing": found, **({"After": page[-1].logical} if len(page) == MAX_CHECKED_PER_TURN else {})}


def _is_missing(turn: StackTurn, row: StackResource) -> bool:
    if row.physical is None or not row.status.endswith("_COMPLETE"):
        return False
    try:
        return not resource_exists(turn, row)
    except (AwsError, NotFetched):
        return False
