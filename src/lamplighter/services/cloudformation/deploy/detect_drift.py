"""Detect whether resources were changed or deleted without their stack.

AWS checks the types that support it, and only the properties that the template sets. Guarantees that a detection
continues after a crash where it was, and that it changes nothing but its own results. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html.
"""

from dataclasses import asdict, replace

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.deploy.compare_properties import in_shape_of, property_differences
from lamplighter.services.cloudformation.deploy.resource_handler import read_resource
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.read_properties import NOT_FOUND
from lamplighter.services.cloudformation.resource_types.registry import resource_type_of
from lamplighter.services.cloudformation.stacks.shown_properties import NO_ECHO_MASK
from lamplighter.services.cloudformation.tables import drifts, stack_resources, stacks
from lamplighter.services.cloudformation.tables.drifts import DriftDetection, ResourceDrift
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import SERVICE
from lamplighter.store import outbox
from lamplighter.store.db import Tx

MAX_CHECKED_PER_TURN = 50
"""The most resources that one turn checks: about 20 ms."""
IN_PROGRESS, COMPLETE, FAILED = "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE", "DETECTION_FAILED"
DETECTABLE_STATUSES = (
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"),
    *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "UPDATE_FAILED"),
)
"""The statuses of a stack whose drift can be detected."""


def begin_detection(turn: StackTurn, only: list[str] | None) -> str:
    """Begin a detection on all resources, or on the named ones; return its ID."""
    key = turn.parts.world.uuid()
    body = {"started": turn.parts.world.now(), "status": IN_PROGRESS, "only": only, "after": ""}
    body["session"] = turn.stack.body.get("session")
    drifts.put_detection(turn.tx, DriftDetection(key, turn.stack.id, body))
    outbox.put(turn.tx, SERVICE, turn.stack.id, {"drift": key})
    return key


def continue_detection(turn: StackTurn, key: str) -> None:
    """Check the next resources of a detection, or finish it."""
    tx, stack = turn.tx, turn.stack
    detection = drifts.detection(tx, key)
    if detection is None or detection.body["status"] != IN_PROGRESS:
        return
    if stack.status not in DETECTABLE_STATUSES:
        fail_detection(tx, key, "The stack changed during the detection.")
        return
    # The caller of the detection reads the resources, and not the one of the stack's last operation.
    turn = replace(turn, stack=replace(stack, body=stack.body | {"session": detection.body.get("session")}))
    page = stack_resources.page(tx, stack.id, detection.body["after"], MAX_CHECKED_PER_TURN)
    only = detection.body["only"]
    for row in page:
        if only is None or row.logical in only:
            check_resource(turn, row)
    if len(page) < MAX_CHECKED_PER_TURN:
        _finish(turn, detection)
        return
    drifts.put_detection(tx, replace(detection, body=detection.body | {"after": page[-1].logical}))
    outbox.put(tx, SERVICE, stack.id, {"drift": key})


def fail_detection(tx: Tx, key: str, reason: str) -> None:
    """End a detection that cannot go on."""
    detection = drifts.detection(tx, key)
    if detection is not None:
        drifts.put_detection(tx, replace(detection, body=detection.body | {"status": FAILED, "reason": reason}))


def _finish(turn: StackTurn, detection: DriftDetection) -> None:
    found = drifts.drifts_of(turn.tx, turn.stack.id)
    drifted = [each for each in found if each.status in ("MODIFIED", "DELETED")]
    unknown = [each.logical for each in found if each.status == "UNKNOWN"]
    result: Json = {"status": COMPLETE, "drifted": len(drifted), "result": "DRIFTED" if drifted else "IN_SYNC"}
    if unknown:
        reason = f"Failed to detect drift on resource(s) [{', '.join(unknown)}]"
        result |= {"status": FAILED, "reason": reason, "result": "DRIFTED" if drifted else "UNKNOWN"}
    drifts.put_detection(turn.tx, replace(detection, body=detection.body | result))
    _record_on_stack(turn, result["result"], detection.body["started"])


def _record_on_stack(turn: StackTurn, status: str, time: int) -> None:
    body = turn.stack.body | {"drift": {"status": status, "time": time}}
    stacks.put(turn.tx, replace(turn.stack, body=body))


def check_one_resource(turn: StackTurn, row: StackResource) -> ResourceDrift | None:
    """Check one resource, and record on the stack that it was checked; return None if its type is not supported."""
    found = check_resource(turn, row)
    if found is not None:
        statuses = {each.status for each in drifts.drifts_of(turn.tx, turn.stack.id)}
        result = "DRIFTED" if statuses & {"MODIFIED", "DELETED"} else "IN_SYNC"
        _record_on_stack(turn, result, found.body["time"])
    return found


def check_resource(turn: StackTurn, row: StackResource) -> ResourceDrift | None:
    """Compare a resource with its template and store the result; return None if its type is not supported."""
    compared = _mask_secrets(compare_with_actual(turn, row), row.body.get("shown"))
    if compared["status"] == "UNSUPPORTED":
        return None
    body = {"time": turn.parts.world.now(), "type": row.type, "physical": row.physical, **compared}
    found = ResourceDrift(turn.stack.id, row.logical, body)
    drifts.put_drift(turn.tx, found)
    return found


def compare_with_actual(turn: StackTurn, row: StackResource) -> Json:
    """Compare the properties that the template sets with the present ones, if the type supports this."""
    comparison = resource_type_of(row.type).present
    if comparison is None or row.physical is None or not row.status.endswith("_COMPLETE"):
        return {"status": "UNSUPPORTED"}
    expected = {name: value for name, value in row.body["properties"].items() if name in comparison.names}
    try:
        present = read_resource(turn, row, comparison)
    except ResourceFailed as error:
        return {"status": "UNKNOWN", "reason": error.message}
    except AwsError as error:
        if NOT_FOUND.search(error.code):
            return {"status": "DELETED"}
        return {"status": "UNKNOWN", "reason": error.message}
    if present is None:
        return {"status": "DELETED"}
    present = {**present, "Tags": _without_stack_tags(present.get("Tags"), expected, turn.stack.plan["tags"])}
    actual = in_shape_of(expected, present)
    differing = [asdict(each) for each in property_differences(expected, actual)]
    status = "MODIFIED" if differing else "IN_SYNC"
    return {"status": status, "expected": expected, "actual": actual, "differences": differing}


def _mask_secrets(found: Json, shown: Json) -> Json:
    """Return a result without the secrets of the resource, whose properties are shown as `shown`, or as they are."""
    if shown is None or "differences" not in found:
        return found
    expected, actual = found["expected"], dict(found["actual"])
    hidden = {name: shown[name] for name, value in expected.items() if name in shown and shown[name] != value}
    for name in hidden.keys() & actual.keys():
        actual[name] = hidden[name] if actual[name] == expected[name] else NO_ECHO_MASK
    differences = [
        each | {"expected": NO_ECHO_MASK, "actual": NO_ECHO_MASK} if each["path"].split("/")[1] in hidden else each
        for each in found["differences"]
    ]
    return found | {"expected": expected | hidden, "actual": actual, "differences": differences}


def _without_stack_tags(present: Json, expected: Json, stack_tags: Json) -> Json:
    """Return the tags of a resource without those that it has from its stack."""
    own = {tag.get("Key") for tag in expected.get("Tags", []) if isinstance(tag, dict)}
    added = {tag["Key"] for tag in stack_tags} - own
    if isinstance(present, dict):
        return {name: value for name, value in present.items() if name not in added}
    return [tag for tag in present or [] if tag.get("Key", tag.get("key")) not in added]
