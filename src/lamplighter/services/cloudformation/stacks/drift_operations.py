"""Implement the operations that detect and describe drift.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html.
"""

from dataclasses import dataclass

from lamplighter.base.json_text import Json, dumps
from lamplighter.bus import Caller
from lamplighter.services.cloudformation.deploy import detect_drift
from lamplighter.services.cloudformation.deploy.stack_turn import EngineParts, StackTurn
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.stacks.lookup import require_live_stack
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for
from lamplighter.services.cloudformation.tables import drifts, stack_resources
from lamplighter.services.cloudformation.tables.drifts import ResourceDrift
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.store.db import Reader, Tx

MAX_RESULTS = 100


@dataclass(frozen=True, slots=True)
class DriftOperations:
    """The operations that detect and describe drift."""

    _parts: EngineParts

    def detect(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Begin to detect drift on a stack's resources (`DetectStackDrift`)."""
        turn = self._turn(tx, caller, params, inputs)
        only = params.get("LogicalResourceIds")
        for name in only or ():
            if stack_resources.get(tx, turn.stack.id, name) is None:
                raise StackValidationError(f"Resource {name} does not exist for stack {turn.stack.name}")
        return {"StackDriftDetectionId": detect_drift.begin_detection(turn, only)}

    def detect_on_resource(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
        """Detect drift on one resource (`DetectStackResourceDrift`)."""
        turn, name = self._turn(tx, caller, params, inputs), params["LogicalResourceId"]
        row = stack_resources.get(tx, turn.stack.id, name)
        if row is None:
            raise StackValidationError(f"Resource {name} does not exist for stack {turn.stack.name}")
        found = detect_drift.check_one_resource(turn, row)
        if found is None:
            raise StackValidationError(f"Drift detection is not supported for resource [{name}] of type {row.type}")
        return {"StackResourceDrift": _resource_drift(found)}

    def _turn(self, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> StackTurn:
        stack = acting_for(require_live_stack(tx, caller, params["StackName"]), caller)
        if stack.status not in detect_drift.DETECTABLE_STATUSES:
            raise StackValidationError(
                f"Drift detection cannot be performed on stack [{stack.id}] while it is in {stack.status} state"
            )
        return StackTurn(tx, stack, inputs, self._parts)


def describe_detection(reader: Reader, caller: Caller, params: Json) -> Json:
    """Describe a detection on a stack (`DescribeStackDriftDetectionStatus`)."""
    key = params["StackDriftDetectionId"]
    found = drifts.detection(reader, key)
    if found is None or found.stack.split(":")[3:5] != [caller.region, caller.account]:
        raise StackValidationError(f"Stack drift detection with id {key} does not exist")
    body = found.body
    return {
        "StackId": found.stack,
        "StackDriftDetectionId": key,
        "DetectionStatus": body["status"],
        "Timestamp": body["started"] / 1000,
        **({"StackDriftStatus": body["result"]} if "result" in body else {}),
        **({"DriftedStackResourceCount": body["drifted"]} if "drifted" in body else {}),
        **({"DetectionStatusReason": body["reason"]} if "reason" in body else {}),
    }


def describe_resource_drifts(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the last results for the resources of a stack that were checked (`DescribeStackResourceDrifts`)."""
    stack = require_live_stack(reader, caller, params["StackName"])
    wanted = params.get("StackResourceDriftStatusFilters") or None
    most, after = params.get("MaxResults", MAX_RESULTS), params.get("NextToken") or ""
    found = [
        each
        for each in drifts.drifts_of(reader, stack.id)
        if each.logical > after and (wanted is None or each.status in wanted)
    ]
    page = found[:most]
    token = {"NextToken": page[-1].logical} if len(found) > len(page) else {}
    return {"StackResourceDrifts": [_resource_drift(each) for each in page], **token}


def _resource_drift(found: ResourceDrift) -> Json:
    body = found.body
    shown: Json = {
        "StackId": found.stack,
        "LogicalResourceId": found.logical,
        "PhysicalResourceId": body["physical"],
        "ResourceType": body["type"],
        "StackResourceDriftStatus": body["status"],
        "Timestamp": body["time"] / 1000,
        **({"DriftStatusReason": body["reason"]} if "reason" in body else {}),
    }
    if "differences" not in body:
        return shown
    return shown | {
        "ExpectedProperties": dumps(body["expected"]),
        "ActualProperties": dumps(body["actual"]),
        "PropertyDifferences": [
            {
                "PropertyPath": each["path"],
                "ExpectedValue": each["expected"],
                "ActualValue": each["actual"],
                "DifferenceType": each["kind"],
            }
            for each in body["differences"]
        ],
    }


def stack_drift(stack: Stack) -> Json:
    """Return the drift of a stack as its description shows it."""
    found = stack.body.get("drift")
    if found is None:
        return {"StackDriftStatus": "NOT_CHECKED"}
    return {"StackDriftStatus": found["status"], "LastCheckTimestamp": found["time"] / 1000}


def resource_drifts(reader: Reader, stack: Stack) -> dict[str, Json]:
    """Return the drift of each resource that was checked, as its description shows it."""
    if "drift" not in stack.body:
        return {}
    return {
        each.logical: {"StackResourceDriftStatus": each.status, "LastCheckTimestamp": each.body["time"] / 1000}
        for each in drifts.drifts_of(reader, stack.id)
    }
