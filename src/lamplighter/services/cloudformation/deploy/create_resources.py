"""Create and update the resources of a stack as its template states, a few in each turn, in the order of references.

Guarantees that a resource is created, updated or found unchanged in the transaction that records it. An interrupted
pass continues with the first resource that is not recorded.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html.
"""

from collections import deque
from dataclasses import replace
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import TemplateScope, resolve, value_as_text
from lamplighter.lang.template.template import Resource, Template
from lamplighter.lang.template.text import TemplateError, TemplateFormatError
from lamplighter.services.cloudformation.deploy import nested_stacks, stack_exports
from lamplighter.services.cloudformation.deploy.resource_handler import (
    RETRY_TURN_ERRORS,
    attempt,
    create_resource,
    failure_reason,
    find_existing,
    undo_on_error,
    update_resource,
)
from lamplighter.services.cloudformation.deploy.stack_turn import StackTurn
from lamplighter.services.cloudformation.deploy.template_scope import StackScope, merge_tags, resolve_properties
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.registry import (
    NESTED_STACK,
    check_properties,
    is_simulated,
    no_effect_note,
    replacing_paths,
    resource_type_of,
)
from lamplighter.services.cloudformation.resource_types.resource_type import lamplighter_metadata
from lamplighter.services.cloudformation.stacks.shown_properties import no_echo_masks, without_secrets
from lamplighter.services.cloudformation.stacks.stack_events import MAX_RESOURCES_PER_TURN
from lamplighter.services.cloudformation.stacks.stack_policy import DELETE, MODIFY, REPLACE, denied_reason
from lamplighter.services.cloudformation.tables import exports, stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import ResourceOutline, StackResource
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate
from lamplighter.services.cloudformation.templates.stack_plan import failure_of

COST_OF_UNCHANGED, COST_OF_CHANGED = 1, 5
"""The cost of an unchanged resource, and of a created or updated one, in the same unit."""
MAX_UNTOUCHED_PER_TURN = 1_000
"""The most resources that one turn leaves out: about 10 ms."""
CREATION_STARTED = "Resource creation Initiated"
REPLACEMENT_REASON = "Requested update requires the creation of a new physical resource; hence creating one."


def create_step(turn: StackTurn) -> None:
    """Create or update the next resources of the pass, or finish the pass."""
    tx, stack = turn.tx, turn.stack
    failure = failure_of(stack.plan)
    if failure is not None:
        fail_stack(turn, f"{failure.removesuffix('.')}. ")
        return
    memory, key = turn.parts.starter.untouched.remaining, (stack.id, stack.pass_number)
    remaining = memory.pop(key, None)
    if remaining is None and _continues_before_resources(turn):
        return
    parsed = turn.parts.parsed_templates.get(tx, stack, stack.plan, turn.inputs)
    scope = _scope(turn, parsed.sections)
    if remaining is None:
        processed = stack_resources.processed_names(tx, stack.id, stack.pass_number)
        remaining = deque((at, name) for at, name in enumerate(parsed.names) if name not in processed)
    budget_left = budget = MAX_RESOURCES_PER_TURN * COST_OF_CHANGED
    while remaining:
        position, name = remaining[0]
        resource = parsed.resource(name)
        # A nested stack begins in a new turn, so that a thread that plans it sees the resources created before.
        if budget_left <= 0 or (resource.type == NESTED_STACK and budget_left < budget):
            turn.schedule_step()
            tx.after_commit.append(partial(memory.__setitem__, key, remaining))
            return
        cost = _apply_resource(turn, resource, position, scope)
        if cost is None:
            return
        budget_left -= cost
        remaining.popleft()
    _finish(turn, parsed, scope)


def _continues_before_resources(turn: StackTurn) -> bool:
    """Go on with what comes before the remaining resources: a nested stack under way, and untouched resources."""
    tx, stack = turn.tx, turn.stack
    waiting = stack_resources.first_with_status(tx, stack.id, "*_IN_PROGRESS")
    if waiting is not None:
        _check_nested(turn, waiting)
        return True
    untouched = turn.parts.starter.untouched.take(stack, MAX_UNTOUCHED_PER_TURN)
    if untouched:
        stack_resources.set_processed(tx, stack.id, untouched, stack.pass_number)
        turn.schedule_step()
    return bool(untouched)


def _scope(turn: StackTurn, template: Template) -> TemplateScope:
    tx, stack = turn.tx, turn.stack

    def record_import(name: str) -> None:
        exports.record_import(tx, stack.owner, name, stack.id)

    find = partial(stack_resources.get, tx, stack.id)
    return StackScope(tx, stack, find, turn.inputs, record_import).scope(stack.plan, template)


# --- one resource -----------------------------------------------------------------------------------------------------


def _apply_resource(turn: StackTurn, resource: Resource, position: int, scope: TemplateScope) -> int | None:
    """Create or update one resource if necessary; return the cost, or None if it failed or the pass must wait."""
    tx, stack = turn.tx, turn.stack
    found = stack_resources.get(tx, stack.id, resource.name)
    row = found or StackResource(stack.id, resource.name, None, resource.type, "", None, 0, position, 0)
    is_new = row.physical is None
    try:
        body = resolve_resource(resource, scope, stack.plan)
    except RETRY_TURN_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 - any error is reported as the resource's failure
        _fail(turn, row, failure_reason(turn, error), is_new=is_new)
        return None
    row = replace(row, position=position)
    if "shown" in row.body:
        body.setdefault("shown", None)
    if not is_new and _is_unchanged(row, body):
        stack_resources.put(tx, replace(row, pass_number=stack.pass_number, body={**row.body, **body}))
        return COST_OF_UNCHANGED
    return COST_OF_CHANGED if (_create if is_new else _update)(turn, row, body) else None


def resolve_resource(resource: Resource, scope: TemplateScope, plan: Json) -> dict[str, Json]:
    """Replace the functions of a resource by values; return the part that is stored with the resource.

    `shown` are the properties as events show them, if they have secrets.
    """
    adapt, metadata = resource_type_of(resource.type).adapt_properties, lamplighter_metadata(resource.metadata)
    check_properties(resource.name, resource.type, resource.properties)
    properties = adapt(resolve_properties(resource.properties, scope), metadata)
    shown = without_secrets(resource, scope, no_echo_masks(plan))
    policies = (resource.deletion_policy, resource.update_replace_policy)
    deletion, replacement = (None if each is None else value_as_text(resolve(each, scope)) for each in policies)
    return {
        "properties": properties,
        "tags": merge_tags(plan["tags"], properties),
        "metadata": resource.metadata,
        "deletion": deletion,
        "replacement": replacement,
        "recorded": not is_simulated(resource.type),
        **({"shown": adapt(shown, metadata)} if shown is not None else {}),
    }


def _is_unchanged(row: StackResource, body: Json) -> bool:
    """Return whether a resource is already in the desired state; False for a nested stack, which decides itself."""
    same = all(row.body.get(name) == body[name] for name in ("properties", "tags", "metadata"))
    # A type that an earlier version of this program only recorded may be simulated now.
    same = same and bool(row.body.get("recorded")) == body["recorded"]
    return same and row.status.endswith("_COMPLETE") and row.type != NESTED_STACK


def _create(turn: StackTurn, found: StackResource, body: Json) -> bool:
    """Create a resource; return False if it failed or the pass must wait for it."""
    body = {**body, **({"before": None} if turn.stack.status.startswith("UPDATE") else {})}
    row = turn.add_progress_event(replace(found, body=body))
    with attempt(turn) as failures:
        if row.type == NESTED_STACK:
            child = nested_stacks.create_nested(turn, row)
            turn.set_status(replace(row, physical=child), "CREATE_IN_PROGRESS", CREATION_STARTED)
            return False
        made = find_existing(turn, row, body) if turn.stack.body.get("import_existing") else None
        if made is None:
            made = create_resource(turn, replace(row, body={**body, "properties": {}, "tags": []}), body)
        made = replace(made, body={**made.body, **body})
        turn.add_progress_event(made, CREATION_STARTED)
    if failures:
        _fail(turn, row, failures[0], is_new=True)
        return False
    turn.set_status(made, "CREATE_COMPLETE", no_effect_note(made))
    return True


def _update(turn: StackTurn, found: StackResource, body: Json) -> bool:
    """Update or replace a resource; return False if it failed or the pass must wait for it."""
    is_nested, old = found.type == NESTED_STACK, found.body
    replacing = not is_nested and _is_replacement(found, body)
    body = {**body, "before": old.get("before", {"physical": found.physical, "body": old})}
    row = replace(found, body={**old, "before": body["before"]})
    reason = REPLACEMENT_REASON if replacing else None
    desired = body.get("shown") or body["properties"]
    row = turn.set_status(row, "UPDATE_IN_PROGRESS", reason, desired)
    with attempt(turn) as failures:
        _check_policy(turn, REPLACE if replacing else MODIFY, row)
        made = row
        if is_nested:
            if nested_stacks.update_nested(turn, row, body):
                stack_resources.put(turn.tx, replace(row, body={**row.body, **body}))
                return False
        elif replacing:
            _check_name(found, body)
            unmade = {"properties": {}, "shown": body.get("shown")}
            made = create_resource(turn, replace(row, physical=None, body=unmade), body)
            turn.set_status(made, "UPDATE_IN_PROGRESS", CREATION_STARTED, desired)
            stack_resources.add_leftover(turn.tx, replace(found, body={**old, "replaced": True}))
        else:
            made = update_resource(turn, row, body)
    if failures:
        _fail(turn, row, failures[0], is_new=False)
        return False
    made = replace(made, body={**made.body, **body})
    turn.set_status(made, "UPDATE_COMPLETE", no_effect_note(made))
    return True


def _is_replacement(row: StackResource, body: Json) -> bool:
    old, new = row.body["properties"], body["properties"]
    return any(_value_at(old, path) != _value_at(new, path) for path in replacing_paths(row.type))


def _value_at(properties: Json, path: str) -> Json:
    """Return a property, or a member of it; None if it is missing."""
    found = properties
    for step in path.split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _check_policy(turn: StackTurn, action: str, row: StackResource | ResourceOutline) -> None:
    policy = turn.stack.body.get("policy_during") or turn.stack.body["policy"]
    why = denied_reason(policy, action, row.logical, row.type)
    if why is not None:
        raise ResourceFailed(why)


def _check_name(found: StackResource, body: Json) -> None:
    rule = resource_type_of(found.type).name
    name = body["properties"].get(rule.property or "")
    if name is not None and name == found.body["properties"].get(rule.property) and not rule.survives_replacement:
        raise ResourceFailed(
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
            f"{found.physical} and update the stack again."
        )


def _check_nested(turn: StackTurn, row: StackResource) -> None:
    """Record how the operation on a nested stack ended; do nothing while it continues."""
    outcome = nested_stacks.nested_outcome(turn, row)
    if outcome is None:
        return
    if outcome.failure is not None:
        _fail(turn, row, outcome.failure, is_new=row.status.startswith("CREATE"))
        return
    made = replace(row, body={**row.body, "attributes": outcome.attributes})
    turn.set_status(made, row.status.replace("_IN_PROGRESS", "_COMPLETE"), no_effect_note(made))
    turn.schedule_step()


# --- the whole stack --------------------------------------------------------------------------------------------------


def _fail(turn: StackTurn, row: StackResource, why: str, *, is_new: bool) -> None:
    verb = "create" if is_new else "update"
    if is_new and turn.stack.status.startswith("UPDATE") and "before" not in row.body:
        row = replace(row, body={**row.body, "before": None})
    turn.set_status(row, f"{verb.upper()}_FAILED", why)
    fail_stack(turn, f"The following resource(s) failed to {verb}: [{row.logical}]. ")


def fail_stack(turn: StackTurn, why: str) -> None:
    """End a failed creation or update as the request says: keep the stack, roll back, or delete it."""
    body, updates = turn.stack.body, turn.stack.status.startswith("UPDATE")
    if body["disable_rollback"] or (body["on_failure"] == "DO_NOTHING" and not updates):
        turn.end_operation("UPDATE_FAILED" if updates else "CREATE_FAILED", why)
    elif updates:
        turn.begin_pass("UPDATE_ROLLBACK_IN_PROGRESS", why)
    elif body["on_failure"] == "DELETE":
        turn.begin_pass("DELETE_IN_PROGRESS", f"{why}Delete requested by user.")
    else:
        turn.begin_pass("ROLLBACK_IN_PROGRESS", f"{why}Rollback requested by user.")


def _finish(turn: StackTurn, parsed: ParsedTemplate, scope: TemplateScope) -> None:
    """Store outputs and exports, and end the pass, because all resources match the template."""
    tx, stack, event_log = turn.tx, turn.stack, turn.parts.event_log
    try:
        with undo_on_error(tx):
            outputs = resolve_outputs(parsed.sections, scope)
            stack_exports.update_exports(turn, outputs)
            if stack.status == "UPDATE_IN_PROGRESS":
                for each in stack_resources.unprocessed_outlines(tx, stack.id, stack.pass_number):
                    _check_policy(turn, DELETE, each)
    except (TemplateError, ResourceFailed) as error:
        fail_stack(turn, f"{error.message} ")
        return
    body = {name: value for name, value in stack.body.items() if name != "retry"} | {"outputs": outputs}
    _delete_unused_imports(turn, parsed, scope)
    if stack.status == "CREATE_IN_PROGRESS":
        event_log.end_operation(tx, replace(stack, body=body), "CREATE_COMPLETE")
    else:
        event_log.begin_cleanup(tx, replace(stack, body=body | {"outputs_before": stack.body["outputs"]}))


def _delete_unused_imports(turn: StackTurn, parsed: ParsedTemplate, scope: TemplateScope) -> None:
    kept = exports.imports(turn.tx, turn.stack.id)
    if not kept:
        return
    used: set[str] = set()

    def imported(name: str) -> Json:
        used.add(name)
        return scope.import_value(name)

    recording_scope = replace(scope, import_value=imported)
    for name in parsed.names:
        resolve_properties(parsed.resource(name).properties, recording_scope)
    resolve_outputs(parsed.sections, recording_scope)
    for name in kept:
        if name not in used:
            exports.drop_import(turn.tx, turn.stack.id, name)


def resolve_outputs(template: Template, scope: TemplateScope) -> list[Json]:
    """Return the outputs of a stack, as its description shows them. Raises `TemplateError`."""
    found = []
    for output in template.outputs.values():
        if output.condition is not None and not scope.conditions[output.condition]:
            continue
        value = resolve(output.value, scope)
        if not isinstance(value, (str, int, float, bool)):
            raise TemplateFormatError(
                f"Output {output.name} is malformed. The Value field of every Outputs member must evaluate to a String."
            )
        found.append(
            {
                "OutputKey": output.name,
                "OutputValue": value_as_text(value),
                **({"Description": output.description} if output.description is not None else {}),
                **({"ExportName": value_as_text(resolve(output.export, scope))} if output.export is not None else {}),
            }
        )
    return found
