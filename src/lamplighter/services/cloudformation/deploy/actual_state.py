"""Read the actual state of a stack's resources, with which a drift-aware change set begins.

A resource that was changed without its stack counts as if its last deployment had made the present state, so that the
operation reverts the change, and a rollback restores it. One that was deleted is created again. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html.
"""

from dataclasses import replace

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.deploy.detect_drift import compare_with_actual
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.stacks.actual_resource import ActualResource
from lamplighter.services.cloudformation.stacks.shown_properties import NO_ECHO_MASK
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource


def read_actual_state(turn: StackTurn) -> dict[str, ActualResource]:
    """Return the actual resources of a stack, by logical ID."""
    rows = stack_resources.resources_of(turn.tx, turn.stack.id)
    return {row.logical: _read(turn, row) for row in rows if row.status.endswith("_COMPLETE")}


def adopt_actual_state(turn: StackTurn) -> frozenset[str]:
    """Store the actual state of all drifted resources as their present one; return their logical IDs."""
    drifted = [each for each in read_actual_state(turn).values() if each.is_drifted]
    for each in drifted:
        stack_resources.put(turn.tx, each.row)
    return frozenset(each.row.logical for each in drifted)


def _read(turn: StackTurn, row: StackResource) -> ActualResource:
    found = compare_with_actual(turn, row)
    if found["status"] == "MODIFIED":
        return ActualResource("MODIFIED", row, _with_properties(row, found["expected"], found["actual"]))
    if found["status"] == "DELETED":
        return ActualResource("DELETED", row, replace(row, physical=None))
    return ActualResource(found["status"], row, row)


def _with_properties(row: StackResource, expected: Json, actual: Json) -> StackResource:
    """Return a resource whose properties are the actual ones."""
    before = row.body["properties"]
    others = {name: value for name, value in before.items() if name not in expected}
    properties, shown = {**others, **actual}, row.body.get("shown")
    if shown is None:
        return replace(row, body={**row.body, "properties": properties})
    shown = {name: _shown_value(name, value, before, shown) for name, value in properties.items()}
    return replace(row, body={**row.body, "properties": properties, "shown": shown})


def _shown_value(name: str, value: Json, before: Json, shown: Json) -> Json:
    """Return what is shown of an actual value: of a secret, never another value than before."""
    if shown.get(name) == before.get(name):
        return value
    return shown.get(name) if value == before.get(name) else NO_ECHO_MASK
