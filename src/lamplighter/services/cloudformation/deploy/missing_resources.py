"""Find resources that were deleted without their stack, so that the next update creates them again.

AWS finds them by drift detection, and does not create them again; an engine that maintains the jobs of a file needs
both. AWS has no operation `FindMissingResources`. It checks one page of a stack's resources, and records each missing
resource as deleted. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from dataclasses import replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.deploy.resource_handler import ResourceHandler
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of
from lamplighter.services.cloudformation.stacks.lookup import require_live_stack
from lamplighter.services.cloudformation.stacks.stack_events import StackEvents, is_in_progress
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs, NotFetched
from lamplighter.store.db import Tx

MAX_CHECKED_PER_TURN = 50
"""The most resources that one turn checks: about 10 ms."""
DELETED_OUTSIDE_STACK = "The resource was deleted outside of its stack."


class MissingResources:
    """The operation that finds missing resources."""

    def __init__(self, handler: ResourceHandler, event_log: StackEvents) -> None:
        self._handler = handler
        self._event_log = event_log

    def find(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Return the missing resources of one page, and where the next page begins (`FindMissingResources`)."""
        stack = require_live_stack(tx, caller, params["StackName"])
        if is_in_progress(stack.status):
            return {"Missing": []}
        page = stack_resources.page(tx, stack.id, params.get("After", ""), MAX_CHECKED_PER_TURN)
        missing = [row for row in page if self._is_missing(tx, stack, row, inputs)]
        for row in missing:
            self._event_log.set_resource_status(
                tx, stack, replace(row, physical=None), "DELETE_COMPLETE", DELETED_OUTSIDE_STACK
            )
        found = [{"Logical": row.logical, "Type": row.type, "Physical": row.physical} for row in missing]
        return {"Missing": found, **({"After": page[-1].logical} if len(page) == MAX_CHECKED_PER_TURN else {})}

    def _is_missing(self, tx: Tx, stack: Stack, row: StackResource, inputs: ExternalInputs) -> bool:
        kind, body = resource_type_of(row.type), row.body
        if kind.exists is None or row.physical is None or not row.status.endswith("_COMPLETE"):
            return False
        request = self._handler.request_for(stack, kind, row, body["properties"], body["metadata"], body["tags"])
        try:
            return not self._handler.exists(tx, kind.exists, request, inputs)
        except (AwsError, NotFetched):
            return False
