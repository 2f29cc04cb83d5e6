"""Implement the operations that list and describe stacks, their resources and their exports.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html.
"""

from collections.abc import Callable, Mapping
from functools import partial

from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.operations.pages import NEWEST, read_filtered
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.resource_types.recorded_only import NOT_SIMULATED
from lamplighter.services.cloudformation.stacks.drift_operations import resource_drifts, stack_drift
from lamplighter.services.cloudformation.stacks.lookup import (
    PAGES,
    find_stack,
    require_stack,
)
from lamplighter.services.cloudformation.stacks.shown_properties import NO_ECHO_MASK
from lamplighter.services.cloudformation.stacks.stack_events import recorded_only
from lamplighter.services.cloudformation.tables import exports, stack_resources, stacks
from lamplighter.services.cloudformation.tables.exports import Export
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.store.db import Reader

MOST_RESOURCES = 100
"""The most resources that DescribeStackResources returns."""
DRIFT_NOT_CHECKED: Json = {"StackResourceDriftStatus": "NOT_CHECKED"}


def describe_stacks(reader: Reader, caller: Caller, params: Json) -> Json:
    """Describe one stack, or all stacks that are not deleted (`DescribeStacks`)."""
    if params.get("StackName"):
        return {"Stacks": [_stack(reader, require_stack(reader, caller, params["StackName"]))]}
    return _page("Stacks", reader, caller, params, lambda stack: stack.deleted is None, partial(_stack, reader))


def list_stacks(reader: Reader, caller: Caller, params: Json) -> Json:
    """List summaries of stacks, optionally by status, including deleted ones (`ListStacks`)."""
    wanted = params.get("StackStatusFilter") or None
    return _page(
        "StackSummaries", reader, caller, params, lambda stack: wanted is None or stack.status in wanted, _summary
    )


def _page(
    field: str,
    reader: Reader,
    caller: Caller,
    params: Json,
    wanted: Callable[[Stack], bool],
    show: Callable[[Stack], Json],
) -> Json:
    def read(before: list[Json], most: int) -> list[Stack]:
        return stacks.page(reader, caller.account, caller.region, (before[0], before[1]), most)

    def key(stack: Stack) -> list[Json]:
        return [stack.created, stack.id]

    return PAGES.page(field, params, [NEWEST, ""], read_filtered(read, key, wanted), show, key)


def _summary(stack: Stack) -> Json:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created / 1000,
        "StackStatus": stack.status,
        "DriftInformation": stack_drift(stack),
        **({"TemplateDescription": stack.plan["description"]} if stack.plan["description"] else {}),
        **_without_none(
            StackStatusReason=stack.reason,
            LastUpdatedTime=stack.updated and stack.updated / 1000,
            DeletionTime=stack.deleted and stack.deleted / 1000,
            ParentId=stack.parent,
            RootId=stack.body["root"],
        ),
    }


def _stack(reader: Reader, stack: Stack) -> Json:
    body, plan, is_live = stack.body, stack.plan, stack.deleted is None
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created / 1000,
        "StackStatus": stack.status,
        "DisableRollback": body["disable_rollback"],
        "RollbackConfiguration": body.get("monitoring", {}),
        "NotificationARNs": plan["notifications"],
        "Tags": plan["tags"],
        "DriftInformation": stack_drift(stack),
        **_without_none(
            Capabilities=plan["capabilities"] or None,
            Parameters=parameters_of_plan(plan) or None,
            Outputs=body["outputs"] or None,
            LastOperations=body.get("operations") or None,
            RetainExceptOnCreate=body.get("discard") or None,
            EnableTerminationProtection=body["protection"] if is_live else None,
            Description=plan["description"],
            StackStatusReason=stack.reason or _not_simulated_note(reader, stack),
            LastUpdatedTime=stack.updated and stack.updated / 1000,
            DeletionTime=stack.deleted and stack.deleted / 1000,
            TimeoutInMinutes=body["timeout"],
            RoleARN=plan["role"],
            ChangeSetId=body["change_set"] if is_live else None,
            ParentId=stack.parent,
            RootId=body["root"],
            DeletionMode="FORCE_DELETE_STACK" if body.get("forced") else None,
        ),
    }


def _not_simulated_note(reader: Reader, stack: Stack) -> str | None:
    """Return a note that names the resources of a complete stack that are not simulated, or None if there is none."""
    if stack.status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return None
    recorded = [each.logical for each in recorded_only(reader, stack.id)]
    return f"{NOT_SIMULATED} [{', '.join(recorded)}]" if recorded else None


def parameters_of_plan(plan: Json) -> list[Json]:
    """Return the parameters of a plan as the API shows them."""
    return [
        {
            "ParameterKey": parameter["name"],
            "ParameterValue": NO_ECHO_MASK if parameter["hidden"] else parameter["text"],
            **_without_none(ResolvedValue=_joined(plan["resolved"].get(parameter["name"]))),
        }
        for parameter in plan["parameters"]
    ]


def _joined(value: Json) -> Json:
    return ",".join(value) if isinstance(value, list) else value


def _without_none(**members: Json) -> Json:
    return {name: value for name, value in members.items() if value is not None}


# --- resources --------------------------------------------------------------------------------------------------------


def describe_resource(reader: Reader, caller: Caller, params: Json) -> Json:
    """Describe one resource of a stack (`DescribeStackResource`)."""
    stack = find_stack(reader, caller, params["StackName"])
    if stack is None:
        raise StackValidationError(f"Stack '{params['StackName']}' does not exist")
    row = stack_resources.get(reader, stack.id, params["LogicalResourceId"])
    if row is None:
        raise StackValidationError(f"Resource {params['LogicalResourceId']} does not exist for stack {stack.name}")
    metadata = row.body.get("metadata")
    detail = _resource(row, resource_drifts(reader, stack)) | {
        "LastUpdatedTimestamp": row.updated / 1000,
        "Metadata": dumps(metadata or {}),
    }
    return {"StackResourceDetail": detail | {"StackId": stack.id, "StackName": stack.name}}


def describe_resources(reader: Reader, caller: Caller, params: Json) -> Json:
    """Describe resources (`DescribeStackResources`); "only the first 100 associated resources are returned"."""
    stack = _requested_stack(reader, caller, params)
    outlines, name = stack_resources.outlines_of(reader, stack.id), params.get("LogicalResourceId")
    requested = [each for each in outlines if name in (None, each.logical)]
    found = stack_resources.get_several(reader, stack.id, requested[:MOST_RESOURCES])
    if not found and name:
        raise StackValidationError(f"Resource {name} does not exist for stack {stack.name}")
    named = {"StackId": stack.id, "StackName": stack.name}
    drifts = resource_drifts(reader, stack)
    return {"StackResources": [_resource(row, drifts) | named | {"Timestamp": row.updated / 1000} for row in found]}


def _requested_stack(reader: Reader, caller: Caller, params: Json) -> Stack:
    if params.get("StackName"):
        return require_stack(reader, caller, params["StackName"])
    if not params.get("PhysicalResourceId"):
        raise StackValidationError("Either stackName or physicalResourceId must be specified")
    for row in stack_resources.by_physical(reader, params["PhysicalResourceId"], MOST_RESOURCES):
        stack = find_stack(reader, caller, row.stack)
        if stack is not None:
            return stack
    raise StackValidationError(f"Stack for {params['PhysicalResourceId']} does not exist")


def list_resources(reader: Reader, caller: Caller, params: Json) -> Json:
    """List summaries of a stack's resources (`ListStackResources`)."""
    stack = require_stack(reader, caller, params["StackName"])
    drifts = resource_drifts(reader, stack)

    def show(row: StackResource) -> Json:
        return _resource(row, drifts) | {"LastUpdatedTimestamp": row.updated / 1000}

    read = partial(stack_resources.page, reader, stack.id)
    return PAGES.page("StackResourceSummaries", params, "", read, show, lambda row: row.logical)


def _resource(row: StackResource, drifts: Mapping[str, Json]) -> Json:
    return {
        "LogicalResourceId": row.logical,
        "ResourceType": row.type,
        "ResourceStatus": row.status,
        "DriftInformation": drifts.get(row.logical, DRIFT_NOT_CHECKED),
        **_without_none(PhysicalResourceId=row.physical, ResourceStatusReason=row.reason),
    }


# --- exports ----------------------------------------------------------------------------------------------------------


def list_exports(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the exports of all stacks (`ListExports`)."""

    def show(export: Export) -> Json:
        return {"ExportingStackId": export.stack, "Name": export.name, "Value": export.value}

    read = partial(exports.page, reader, caller.account, caller.region)
    return PAGES.page("Exports", params, "", read, show, lambda export: export.name)


def list_imports(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the stacks that import an export (`ListImports`)."""
    owner, name = (caller.account, caller.region), params["ExportName"]
    read = partial(exports.importers, reader, owner, name)
    answer = PAGES.page("Imports", params, "", read, lambda key: key.split("/")[1], str)
    if not answer["Imports"] or exports.get(reader, *owner, name) is None:
        raise StackValidationError(f"Export '{name}' is not imported by any stack.")
    return answer
