"""Import existing resources into a stack: the stack manages them from now on, and changes nothing about them.

Guarantees that either all resources are imported, or none. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-existing-stack.html.
"""

from dataclasses import replace
from functools import partial

from lamplighter.lang.template.functions import TemplateScope
from lamplighter.lang.template.template import Resource
from lamplighter.services.cloudformation.deploy.create_resources import resolve_outputs, resolve_resource
from lamplighter.services.cloudformation.deploy.resource_handler import attempt, import_resource
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.deploy.template_scope import StackScope
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource

STARTED, COMPLETED = "Resource import started.", "Resource import completed."


def import_step(turn: StackTurn) -> None:
    """Import all resources that the operation names, in the order of references, and end the operation."""
    tx, stack = turn.tx, turn.stack
    parsed = turn.parts.parsed_templates.get(tx, stack, stack.plan, turn.inputs)
    find = partial(stack_resources.get, tx, stack.id)
    scope = StackScope(tx, stack, find, turn.inputs).scope(stack.plan, parsed.sections)
    imports = stack.body["imports"]
    for position, name in enumerate(parsed.names):
        if name in imports and not _import(turn, parsed.resource(name), position, scope):
            _roll_back(turn, f"The following resource(s) failed to import: [{name}]. ")
            return
    body = {name: value for name, value in stack.body.items() if name != "imports"}
    outputs = resolve_outputs(parsed.sections, scope)
    ended = replace(stack, previous=None, body=body | {"outputs": outputs})
    turn.parts.event_log.end_operation(tx, ended, "IMPORT_COMPLETE")


def _import(turn: StackTurn, resource: Resource, position: int, scope: TemplateScope) -> bool:
    """Import one resource; return False if it failed."""
    stack = turn.stack
    physical = stack.body["imports"][resource.name]
    row = StackResource(stack.id, resource.name, physical, resource.type, "", None, 0, position, 0)
    with attempt(turn) as failures:
        body = resolve_resource(resource, scope, stack.plan)
        row = turn.set_status(replace(row, body=body), "IMPORT_IN_PROGRESS", STARTED)
        turn.set_status(import_resource(turn, row, body), "IMPORT_COMPLETE", COMPLETED)
    if failures:
        turn.set_status(row, "IMPORT_FAILED", failures[0])
    return not failures


def _roll_back(turn: StackTurn, why: str) -> None:
    """Forget the imported resources, which stay as they are, and return to the plan before the import."""
    tx, stack, event_log = turn.tx, turn.stack, turn.parts.event_log
    for name in stack.body["imports"]:
        stack_resources.delete(tx, stack.id, name)
    body = {name: value for name, value in stack.body.items() if name != "imports"}
    restored = replace(stack, plan=stack.previous, previous=None, body=body)
    rolling = event_log.set_stack_status(tx, restored, "IMPORT_ROLLBACK_IN_PROGRESS", why)
    event_log.end_operation(tx, rolling, "IMPORT_ROLLBACK_COMPLETE")
