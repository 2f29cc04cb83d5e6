"""Implement CreateChangeSet: compare a stack with a new plan, and store what would change.

With IncludeNestedStacks, each nested stack gets a change set, too. A value that it gets from its parent and that is
known only after the update is `{{changeSet:KNOWN_AFTER_APPLY}}`. With DeploymentMode REVERT_DRIFT, the comparison
begins with the actual state of the resources. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html.
"""

from dataclasses import dataclass, field, replace

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.lang.template.template import Resource
from lamplighter.services.cloudformation.deploy.actual_state import read_actual_state
from lamplighter.services.cloudformation.deploy.nested_stacks import MAX_LEVELS, MAX_NAME_LENGTH, nested_request
from lamplighter.services.cloudformation.deploy.physical_names import physical_name
from lamplighter.services.cloudformation.deploy.resource_handler import find_existing
from lamplighter.services.cloudformation.deploy.stack_turn import EngineParts, StackTurn
from lamplighter.services.cloudformation.deploy.template_scope import merge_tags
from lamplighter.services.cloudformation.errors import AlreadyExists, NoUpdateNeeded, StackValidationError
from lamplighter.services.cloudformation.resource_types.registry import NESTED_STACK
from lamplighter.services.cloudformation.stacks.actual_resource import stack_drift_status
from lamplighter.services.cloudformation.stacks.change_sets import REVERT_DRIFT
from lamplighter.services.cloudformation.stacks.compute_changes import ActualState, Comparison, compare_stack
from lamplighter.services.cloudformation.stacks.import_requests import as_imports, read_imports
from lamplighter.services.cloudformation.stacks.known_values import known_properties, known_scope, with_unknown_values
from lamplighter.services.cloudformation.stacks.lookup import check_stack_name, find_stack, require_known_stack
from lamplighter.services.cloudformation.stacks.stack_caller import acting_for, with_role
from lamplighter.services.cloudformation.stacks.stack_events import REVIEW_IN_PROGRESS
from lamplighter.services.cloudformation.stacks.start_operation import EMPTY_PLAN, INITIATED, check_updatable
from lamplighter.services.cloudformation.tables import change_sets, stack_resources, stacks, templates
from lamplighter.services.cloudformation.tables.change_sets import ChangeSet
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import SERVICE, Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.plan_stack import plan_stack
from lamplighter.services.cloudformation.templates.stack_plan import StackPlan, failure_of
from lamplighter.store.db import Reader, Tx

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
NESTED_REASON = "Executable from root change set"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a change set would do, or why it has failed."""

    reason: str | None
    changes: list[Json] = field(default_factory=list)
    imports: Json = field(default_factory=dict)
    drift: str | None = None


def create_change_set(parts: EngineParts, tx: Tx, caller: Caller, params: Json, inputs: ExternalInputs) -> Json:
    """Create a change set by comparing a stack with a new plan (`CreateChangeSet`)."""
    kind = params.get("ChangeSetType", "UPDATE")
    stack = acting_for(_find_or_create_stack(parts, tx, caller, params["StackName"], kind), caller)
    name, token = params["ChangeSetName"], params.get("ClientToken")
    existing = change_sets.by_name(tx, stack.id, name)
    if existing is not None:
        if token is not None and existing.body["token"] == token:
            return {"Id": existing.id, "StackId": stack.id}
        raise AlreadyExists(f"ChangeSet {existing.id} already exists")
    turn = StackTurn(tx, stack, inputs, parts)
    made = _add(turn, params | {"StackName": stack.name}, (), place="")
    return {"Id": made.id, "StackId": stack.id}


def _find_or_create_stack(parts: EngineParts, tx: Tx, caller: Caller, name: str, kind: str) -> Stack:
    """Return the stack of a change set; for a change set that creates a stack, store a stack that waits for it."""
    found = find_stack(tx, caller, name)
    if kind == "UPDATE" or (kind == "IMPORT" and found is not None and found.status != REVIEW_IN_PROGRESS):
        stack = require_known_stack(tx, caller, name)
        if stack.status == REVIEW_IN_PROGRESS:
            raise StackValidationError(f"Stack [{name}] does not exist")
        check_updatable(stack)
        return stack
    if found is not None and found.deleted is None:
        if found.status != REVIEW_IN_PROGRESS:
            raise StackValidationError(
                f"Stack [{name}] already exists and cannot be created again with the changeSet [CREATE]."
            )
        return found
    check_stack_name(name)
    return parts.event_log.set_stack_status(
        tx, parts.starter.new(tx, caller, name, None, {}), REVIEW_IN_PROGRESS, INITIATED
    )


def _add(turn: StackTurn, params: Json, above: tuple[ChangeSet, ...], *, place: str) -> ChangeSet:
    """Store a change set of a stack; `above` are those of the stacks around it, and `place` its logical IDs there."""
    stack = turn.stack
    old = None if stack.status == REVIEW_IN_PROGRESS else stack.plan
    try:
        if len(above) >= MAX_LEVELS:
            raise StackValidationError(f"Stacks are nested more than {MAX_LEVELS} levels deep")
        plan = plan_stack(turn.tx, turn.caller, params, old, turn.inputs, place=place)
        turn = replace(turn, stack=with_role(stack, {"RoleARN": plan.body["role"]}))
        outcome = _compare(turn, params, plan, place)
        stored = turn.parts.starter.store_plan(turn.tx, stack, plan)
    except AwsError as error:
        if not above:
            raise
        plan, stored, outcome = None, EMPTY_PLAN, _Outcome(error.message)
    found = _store(turn, params, stored, outcome, above)
    if plan is None or outcome.reason is not None or not params.get("IncludeNestedStacks"):
        return found
    return _add_nested(turn, plan, found, above, place)


def _store(turn: StackTurn, params: Json, plan: Json, outcome: _Outcome, above: tuple[ChangeSet, ...]) -> ChangeSet:
    name, world = params["ChangeSetName"], turn.parts.world
    key = arn.build(SERVICE, turn.stack.region, turn.stack.account, f"changeSet/{name}/{world.uuid()}")
    has_failed = outcome.reason is not None
    body = {
        "plan": plan,
        "changes": outcome.changes,
        "imports": outcome.imports,
        "import_existing": params.get("ImportExistingResources", False),
        "type": params.get("ChangeSetType", "UPDATE"),
        "created": world.now(),
        "description": params.get("Description"),
        "token": params.get("ClientToken"),
        "nested": params.get("IncludeNestedStacks", False),
        "on_failure": params.get("OnStackFailure", "ROLLBACK"),
        "wishes": {name: params[name] for name in ("RollbackConfiguration", "DeploymentConfig") if name in params},
        "status": "FAILED" if has_failed else "CREATE_COMPLETE",
        "reason": NESTED_REASON if above and not has_failed else outcome.reason,
        "execution": "UNAVAILABLE" if has_failed or above else "AVAILABLE",
        **({"parent": above[-1].id, "root": above[0].id} if above else {}),
        **({"mode": REVERT_DRIFT, "drift": outcome.drift} if outcome.drift is not None else {}),
    }
    found = ChangeSet(key, turn.stack.id, name, body)
    change_sets.put(turn.tx, found)
    return found


# --- one stack --------------------------------------------------------------------------------------------------------


def _compare(turn: StackTurn, params: Json, plan: StackPlan, place: str) -> _Outcome:
    if plan.failure is not None:
        return _Outcome(plan.failure)
    actual = None
    if params.get("DeploymentMode") == REVERT_DRIFT:
        actual = ActualState(read_actual_state(turn), turn.parts.world.now())
    comparison = _compare_plans(turn, plan, actual, place)
    changes = comparison.changes
    imports = read_imports(params, plan.parsed) if params.get("ChangeSetType") == "IMPORT" else {}
    if imports:
        changes = as_imports(changes, imports)
    elif params.get("ImportExistingResources"):
        changes = [_as_import_of_existing(turn, plan, change) for change in changes]
    reason = None if comparison.differs else _reason_of_no_changes(turn.tx, plan, turn.stack.plan)
    return _Outcome(reason, changes, imports, None if actual is None else stack_drift_status(actual.resources))


def _compare_plans(turn: StackTurn, plan: StackPlan, actual: ActualState | None, place: str) -> Comparison:
    stack = turn.stack
    is_comparable = stack.status != REVIEW_IN_PROGRESS and failure_of(stack.plan) is None
    before = turn.parts.parsed_templates.get(turn.tx, stack, stack.plan, turn.inputs) if is_comparable else None
    return compare_stack(
        turn.tx, stack, before, plan.body, plan.parsed, turn.inputs, explain=True, actual=actual, place=place
    )


def _reason_of_no_changes(reader: Reader, plan: StackPlan, old: Json) -> str:
    """Return why a change set has no changes: nothing new was submitted, or it makes no difference.

    AWS knows the latter only after the transforms, so this is also the reason for a template with transforms.
    """
    is_same = plan.text == templates.text(reader, old["template"]) and plan.body["values"] == old["values"]
    return NO_CHANGES if is_same and not plan.body["transforms"] else NoUpdateNeeded().message


def _as_import_of_existing(turn: StackTurn, plan: StackPlan, change: Json) -> Json:
    """Return the change of a new resource as an import, if a resource of its name exists."""
    one = change["ResourceChange"]
    if one["Action"] != "Add":
        return change
    resource = plan.parsed.resource(one["LogicalResourceId"])
    scope, stack = known_scope(turn, plan), turn.stack
    properties = dict(known_properties(resource, scope))
    body = {"properties": properties, "tags": [], "metadata": resource.metadata, "deletion": resource.deletion_policy}
    row = StackResource(stack.id, resource.name, None, resource.type, "", None, 0, 0, 0, body)
    found = find_existing(turn, row, body)
    if found is None:
        return change
    return change | {"ResourceChange": one | {"Action": "Import", "PhysicalResourceId": found.physical}}


# --- nested stacks ----------------------------------------------------------------------------------------------------


def _add_nested(
    turn: StackTurn, plan: StackPlan, found: ChangeSet, above: tuple[ChangeSet, ...], place: str
) -> ChangeSet:
    """Add the change sets of the nested stacks; the change set fails if one of them fails."""
    nested = [each for each in map(plan.parsed.resource, plan.parsed.names) if each.type == NESTED_STACK]
    children = {each.name: _add_child(turn, plan, found, above, each, place=f"{place}/{each.name}") for each in nested}
    changes = [_with_change_set(change, children) for change in found.body["changes"]]
    listed = {name: {"stack": child.stack, "change_set": child.id} for name, child in children.items()}
    body = found.body | {"changes": changes, "children": listed}
    for child in children.values():
        if child.body["status"] == "FAILED" and child.body["reason"] not in (NO_CHANGES, NoUpdateNeeded().message):
            reason = f"Nested change set {child.id} was not successfully created: Currently in FAILED."
            body |= {"status": "FAILED", "execution": "UNAVAILABLE", "reason": reason}
    made = replace(found, body=body)
    change_sets.put(turn.tx, made)
    return made


def _with_change_set(change: Json, children: dict[str, ChangeSet]) -> Json:
    one = change["ResourceChange"]
    child = children.get(one["LogicalResourceId"])
    return change if child is None else change | {"ResourceChange": one | {"ChangeSetId": child.id}}


def _add_child(
    turn: StackTurn, plan: StackPlan, parent: ChangeSet, above: tuple[ChangeSet, ...], resource: Resource, *, place: str
) -> ChangeSet:
    scope = with_unknown_values(known_scope(turn, plan))
    properties = dict(known_properties(resource, scope))
    body = {"properties": properties, "tags": merge_tags(plan.body["tags"], properties)}
    stack = acting_for(_child_stack(turn, resource.name), turn.caller)
    name = physical_name(turn.parts.world.random, parent.given_name, resource.name, MAX_NAME_LENGTH)
    kind = "CREATE" if stack.status == REVIEW_IN_PROGRESS else "UPDATE"
    params = nested_request(plan.body, body) | {
        "ChangeSetName": name,
        "ChangeSetType": kind,
        "StackName": stack.name,
        "IncludeNestedStacks": True,
        "ImportExistingResources": parent.body["import_existing"],
    }
    return _add(replace(turn, stack=stack), params, (*above, parent), place=place)


def _child_stack(turn: StackTurn, logical: str) -> Stack:
    """Return a nested stack, or a new one that waits for its first change set."""
    row = stack_resources.get(turn.tx, turn.stack.id, logical)
    found = stacks.get(turn.tx, row.physical) if row is not None and row.physical is not None else None
    if found is not None and found.deleted is None:
        return found
    stack, parts = turn.stack, turn.parts
    name = physical_name(parts.world.random, stack.name, logical, MAX_NAME_LENGTH)
    made = parts.starter.new(turn.tx, turn.caller, name, None, {}, stack)
    return parts.event_log.set_stack_status(turn.tx, made, REVIEW_IN_PROGRESS, INITIATED)
