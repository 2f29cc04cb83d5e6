"""Create and update the resources of a stack as its template states, a few in each turn, in the order of references.

Guarantees that a resource is created, updated or found unchanged in the transaction that records it. An interrupted
pass continues with the first resource that is not recorded.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import TemplateScope, resolve, value_as_text
from lamplighter.lang.template.template import Resource, Template
from lamplighter.lang.template.text import TemplateError
from lamplighter.services.cloudformation.deploy.nested_stacks import NestedStacks
from lamplighter.services.cloudformation.deploy.resource_handler import (
    RETRY_TURN_ERRORS,
    ResourceHandler,
    undo_on_error,
)
from lamplighter.services.cloudformation.deploy.template_scope import StackScope, merge_tags, resolve_properties
from lamplighter.services.cloudformation.errors import ResourceFailed
from lamplighter.services.cloudformation.resource_types.registry import (
    NESTED_STACK,
    is_simulated,
    no_effect_note,
    resource_type_of,
)
from lamplighter.services.cloudformation.resource_types.resource_type import (
    CreatedResource,
    ResourceType,
    lamplighter_metadata,
    replacing_properties,
)
from lamplighter.services.cloudformation.stacks.stack_events import MAX_RESOURCES_PER_TURN, StackEvents
from lamplighter.services.cloudformation.stacks.stack_policy import DELETE, MODIFY, REPLACE, denied_reason
from lamplighter.services.cloudformation.tables import exports, stack_resources
from lamplighter.services.cloudformation.tables.exports import Export
from lamplighter.services.cloudformation.tables.stack_resources import ResourceOutline, StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate, ParsedTemplates
from lamplighter.store.db import Tx

COST_OF_UNCHANGED, COST_OF_CHANGED = 1, 5
"""The cost of an unchanged resource, and of a created or updated one, in the same unit."""
REPLACEMENT_REASON = "Requested update requires the creation of a new physical resource; hence creating one."


@dataclass(frozen=True, slots=True)
class DesiredResource:
    """A resource as the template states it, with all functions replaced by values."""

    resource: Resource
    kind: ResourceType
    properties: Mapping[str, Json]
    tags: Json
    deletion: str | None
    replacement: str | None

    @property
    def body(self) -> dict[str, Json]:
        """Return the part that is stored with the resource."""
        return {
            "properties": self.properties,
            "tags": self.tags,
            "metadata": self.resource.metadata,
            "deletion": self.deletion,
            "replacement": self.replacement,
            **({} if is_simulated(self.resource.type) else {"recorded": True}),
        }

    def matches(self, row: StackResource) -> bool:
        """Return whether a resource is already in the desired state; False for a nested stack, which decides itself."""
        if row.type == NESTED_STACK:
            return False
        names = ("properties", "tags", "metadata")
        return row.status.endswith("_COMPLETE") and all(row.body.get(name) == self.body[name] for name in names)


def resolve_desired(resource: Resource, scope: TemplateScope, stack_tags: Json) -> DesiredResource:
    """Replace the functions of a resource by values."""
    kind = resource_type_of(resource.type)
    properties = kind.adapt_properties(
        resolve_properties(resource.properties, scope), lamplighter_metadata(resource.metadata)
    )
    policies = (resource.deletion_policy, resource.update_replace_policy)
    deletion, replacement = (None if each is None else value_as_text(resolve(each, scope)) for each in policies)
    tags = merge_tags(stack_tags, properties)
    return DesiredResource(resource, kind, properties, tags, deletion, replacement)


class ResourceCreator:
    """The pass that creates and updates the resources of a stack."""

    def __init__(
        self, handler: ResourceHandler, event_log: StackEvents, nested: NestedStacks, parsed_templates: ParsedTemplates
    ) -> None:
        self._handler = handler
        self._event_log = event_log
        self._nested = nested
        self._parsed_templates = parsed_templates

    def step(self, tx: Tx, stack: Stack, inputs: ExternalInputs) -> None:
        """Process the next resources of the pass, or finish the pass."""
        outline = stack_resources.outlines_of(tx, stack.id)
        waiting = stack_resources.get_several(tx, stack.id, [each for each in outline if each.is_under_way][:1])
        if waiting:
            self._check_nested(tx, stack, waiting[0])
            return
        parsed = self._parsed_templates.get(tx, stack, stack.plan, inputs)
        scope = self._scope(tx, stack, parsed.sections, inputs)
        processed = {each.logical for each in outline if each.pass_number == stack.pass_number}
        budget_left = budget = MAX_RESOURCES_PER_TURN * COST_OF_CHANGED
        for position, name in enumerate(parsed.names):
            if name in processed:
                continue
            resource = parsed.resource(name)
            # A nested stack begins in a new turn, so that a thread that plans it sees the resources created before.
            if budget_left <= 0 or (resource.type == NESTED_STACK and budget_left < budget):
                self._event_log.schedule_step(tx, stack)
                return
            row = stack_resources.get(tx, stack.id, name)
            cost = self._apply_resource(tx, stack, resource, row, position, scope, inputs)
            if cost is None:
                return
            budget_left -= cost
        self._finish(tx, stack, parsed, scope)

    def _scope(self, tx: Tx, stack: Stack, template: Template, inputs: ExternalInputs) -> TemplateScope:
        def record_import(name: str) -> None:
            exports.record_import(tx, (stack.account, stack.region), name, stack.id)

        find = partial(stack_resources.get, tx, stack.id)
        return StackScope(tx, stack, find, inputs, record_import).scope(stack.plan, template)

    # --- one resource -------------------------------------------------------------------------------------------------

    def _apply_resource(
        self,
        tx: Tx,
        stack: Stack,
        resource: Resource,
        row: StackResource | None,
        position: int,
        scope: TemplateScope,
        inputs: ExternalInputs,
    ) -> int | None:
        """Create or update one resource if necessary; return the cost, or None if it failed or the pass must wait."""
        found = row or StackResource(stack.id, resource.name, None, resource.type, "", None, 0, position, 0)
        is_new = found.physical is None
        try:
            desired = resolve_desired(resource, scope, stack.plan["tags"])
        except RETRY_TURN_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the resource's failure, and told
            self._fail(tx, stack, found, error, is_new=is_new)
            return None
        if not is_new and desired.matches(found):
            stack_resources.put(
                tx,
                replace(found, position=position, pass_number=stack.pass_number, body={**found.body, **desired.body}),
            )
            return COST_OF_UNCHANGED
        act = self._create if is_new else self._update
        return COST_OF_CHANGED if act(tx, stack, desired, replace(found, position=position), inputs) else None

    def _create(
        self, tx: Tx, stack: Stack, desired: DesiredResource, found: StackResource, inputs: ExternalInputs
    ) -> bool:
        before = {"before": None} if stack.status.startswith("UPDATE") else {}
        row = self._event_log.set_resource_status(
            tx, stack, replace(found, body={**desired.body, **before}), "CREATE_IN_PROGRESS"
        )
        try:
            with undo_on_error(tx):
                if row.type == NESTED_STACK:
                    child = self._nested.create(tx, stack, row, inputs)
                    made = replace(row, physical=child)
                    self._event_log.set_resource_status(
                        tx, stack, made, "CREATE_IN_PROGRESS", "Resource creation Initiated"
                    )
                    return False
                made = self._call_create(
                    tx, stack, desired, replace(row, body={**row.body, "properties": {}, "tags": []}), inputs
                )
                made = replace(made, body={**made.body, **desired.body, **before})
                self._event_log.set_resource_status(
                    tx, stack, made, "CREATE_IN_PROGRESS", "Resource creation Initiated"
                )
        except RETRY_TURN_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the resource's failure, and told
            self._fail(tx, stack, row, error, is_new=True)
            return False
        self._complete_resource(tx, stack, made, "CREATE_COMPLETE")
        return True

    def _call_create(
        self, tx: Tx, stack: Stack, desired: DesiredResource, row: StackResource, inputs: ExternalInputs
    ) -> StackResource:
        metadata = desired.resource.metadata
        request = self._handler.request_for(stack, desired.kind, row, desired.properties, metadata, desired.tags)
        made = self._handler.create(tx, desired.kind, replace(request, physical="", before={}), inputs)
        if desired.kind.simulated:
            self._check_free(tx, stack, row, made)
        return replace(row, physical=made.physical, body={**row.body, "attributes": dict(made.attributes)})

    def _check_free(self, tx: Tx, stack: Stack, row: StackResource, made: CreatedResource) -> None:
        """Raise `ResourceFailed` if the resource belongs to another stack, because services accept an existing name."""
        for other in stack_resources.by_physical(tx, made.physical, 10):
            same = (other.stack, other.logical) == (stack.id, row.logical)
            same_owner = other.stack.split(":")[3:5] == [stack.region, stack.account]
            if other.type == row.type and not same and same_owner and not other.status.startswith("DELETE_"):
                raise ResourceFailed(f"{made.physical} already exists in stack {other.stack}")

    def _update(
        self, tx: Tx, stack: Stack, desired: DesiredResource, found: StackResource, inputs: ExternalInputs
    ) -> bool:
        kind = desired.kind
        replacing = (
            replacing_properties(kind, found.body["properties"], desired.properties)
            if found.type != NESTED_STACK
            else set()
        )
        before = _state_before_update(found)
        reason = REPLACEMENT_REASON if replacing else None
        with_before = replace(found, body={**found.body, "before": before})
        row = self._event_log.set_resource_status(tx, stack, with_before, "UPDATE_IN_PROGRESS", reason)
        try:
            with undo_on_error(tx):
                self._check_policy(stack, REPLACE if replacing else MODIFY, row)
                if row.type == NESTED_STACK:
                    if self._nested.update(tx, stack, replace(row, body={**row.body, **desired.body}), inputs):
                        stack_resources.put(tx, replace(row, body={**row.body, **desired.body, "before": before}))
                        return False
                    made = row
                elif replacing:
                    self._check_name(kind, desired, found)
                    bare = replace(row, physical=None, body={"properties": {}})
                    made = self._call_create(tx, stack, desired, bare, inputs)
                    self._event_log.set_resource_status(
                        tx, stack, made, "UPDATE_IN_PROGRESS", "Resource creation Initiated"
                    )
                    stack_resources.add_leftover(tx, replace(found, body={**found.body, "replaced": True}))
                else:
                    made = self._call_update(tx, stack, desired, row, inputs)
        except RETRY_TURN_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the resource's failure, and told
            self._fail(tx, stack, row, error, is_new=False)
            return False
        self._complete_resource(
            tx, stack, replace(made, body={**made.body, **desired.body, "before": before}), "UPDATE_COMPLETE"
        )
        return True

    def _call_update(
        self, tx: Tx, stack: Stack, desired: DesiredResource, row: StackResource, inputs: ExternalInputs
    ) -> StackResource:
        metadata = desired.resource.metadata
        request = self._handler.request_for(stack, desired.kind, row, desired.properties, metadata, desired.tags)
        made = self._handler.update(tx, desired.kind, request, inputs)
        return replace(row, physical=made.physical, body={**row.body, "attributes": dict(made.attributes)})

    def _check_policy(self, stack: Stack, action: str, row: StackResource | ResourceOutline) -> None:
        policy = stack.body.get("policy_during") or stack.body["policy"]
        why = denied_reason(policy, action, row.logical, row.type)
        if why is not None:
            raise ResourceFailed(why)

    def _check_name(self, kind: ResourceType, desired: DesiredResource, found: StackResource) -> None:
        name = desired.properties.get(kind.name_property) if kind.name_property is not None else None
        if (
            name is not None
            and name == found.body["properties"].get(kind.name_property)
            and not kind.replacement_keeps_name
        ):
            raise ResourceFailed(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename "
                f"{found.physical} and update the stack again."
            )

    def _complete_resource(self, tx: Tx, stack: Stack, row: StackResource, status: str) -> None:
        self._event_log.set_resource_status(tx, stack, row, status, no_effect_note(row))

    def _check_nested(self, tx: Tx, stack: Stack, row: StackResource) -> None:
        """Record how the operation on a nested stack ended; do nothing while it continues."""
        outcome = self._nested.outcome(tx, row)
        if outcome is None:
            return
        if outcome.failure is not None:
            is_new = row.status.startswith("CREATE")
            self._fail(tx, stack, row, ResourceFailed(outcome.failure), is_new=is_new)
            return
        made = replace(row, body={**row.body, "attributes": outcome.attributes})
        self._complete_resource(tx, stack, made, row.status.replace("_IN_PROGRESS", "_COMPLETE"))
        self._event_log.schedule_step(tx, stack)

    # --- the whole stack ----------------------------------------------------------------------------------------------

    def _fail(self, tx: Tx, stack: Stack, row: StackResource, error: Exception, *, is_new: bool) -> None:
        verb = "create" if is_new else "update"
        before = {"before": None} if is_new and stack.status.startswith("UPDATE") and "before" not in row.body else {}
        failed = replace(row, body={**row.body, **before})
        self._event_log.set_resource_status(tx, stack, failed, f"{verb.upper()}_FAILED", self._handler.reason(error))
        self.fail_stack(tx, stack, f"The following resource(s) failed to {verb}: [{row.logical}]. ")

    def fail_stack(self, tx: Tx, stack: Stack, why: str) -> None:
        """End a failed creation or update as the request says: keep the stack, roll back, or delete it."""
        body = stack.body
        updates = stack.status.startswith("UPDATE")
        if body["disable_rollback"] or (body["on_failure"] == "DO_NOTHING" and not updates):
            self._event_log.end_operation(tx, stack, "UPDATE_FAILED" if updates else "CREATE_FAILED", why)
        elif updates:
            self._event_log.begin_pass(tx, stack, "UPDATE_ROLLBACK_IN_PROGRESS", why)
        elif body["on_failure"] == "DELETE":
            self._event_log.begin_pass(tx, stack, "DELETE_IN_PROGRESS", f"{why}Delete requested by user.")
        else:
            self._event_log.begin_pass(tx, stack, "ROLLBACK_IN_PROGRESS", f"{why}Rollback requested by user.")

    def _finish(self, tx: Tx, stack: Stack, parsed: ParsedTemplate, scope: TemplateScope) -> None:
        """Store outputs and exports, and end the pass, because all resources match the template."""
        template = parsed.sections
        try:
            with undo_on_error(tx):
                outputs = _resolve_outputs(template, scope)
                self._export(tx, stack, outputs)
                if stack.status == "UPDATE_IN_PROGRESS":
                    for each in stack_resources.outlines_of(tx, stack.id):
                        if each.pass_number != stack.pass_number:
                            self._check_policy(stack, DELETE, each)
        except (TemplateError, ResourceFailed) as error:
            self.fail_stack(tx, stack, f"{error.message} ")
            return
        body = {name: value for name, value in stack.body.items() if name != "retry"}
        done = replace(stack, body={**body, "outputs": outputs})
        self._drop_imports(tx, stack, parsed, scope)
        if stack.status == "CREATE_IN_PROGRESS":
            self._event_log.end_operation(tx, done, "CREATE_COMPLETE")
            return
        self._event_log.begin_cleanup(tx, replace(done, body=done.body | {"outputs_before": stack.body["outputs"]}))

    def _export(self, tx: Tx, stack: Stack, outputs: list[Json]) -> None:
        owner = (stack.account, stack.region)
        wanted = {output["ExportName"]: output["OutputValue"] for output in outputs if "ExportName" in output}
        had = {export.name: export.value for export in exports.exports_of(tx, stack.id)}
        for name, value in wanted.items():
            other = exports.get(tx, owner, name)
            if other is not None and other.stack != stack.id:
                holder = other.stack.split("/")[1]
                raise TemplateError(f"Export with name {name} is already exported by stack {holder}.")
            if name not in had or had[name] != value:
                self._check_unused(tx, stack, name, "updated" if name in had else "")
                exports.put(tx, owner, Export(name, stack.id, value))
        for name in had:
            if name not in wanted:
                self._check_unused(tx, stack, name, "deleted")
                exports.delete(tx, owner, name)

    def _check_unused(self, tx: Tx, stack: Stack, name: str, what: str) -> None:
        users = exports.importers(tx, (stack.account, stack.region), name, "", 10) if what else []
        if users:
            named = " and ".join(user.split("/")[1] for user in users)
            if what == "deleted":
                raise TemplateError(f"Export {name} cannot be deleted as it is in use by {named}")
            raise TemplateError(f"Cannot update export {name} as it is in use by {named}")

    def _drop_imports(self, tx: Tx, stack: Stack, parsed: ParsedTemplate, scope: TemplateScope) -> None:
        """Delete the records of imports that the stack does not use any more."""
        kept = exports.imports(tx, stack.id)
        if not kept:
            return
        used: set[str] = set()

        def imported(name: str) -> Json:
            used.add(name)
            return scope.import_value(name)

        recording_scope = replace(scope, import_value=imported)
        for name in parsed.names:
            resolve_properties(parsed.resource(name).properties, recording_scope)
        _resolve_outputs(parsed.sections, recording_scope)
        for name in kept:
            if name not in used:
                exports.drop_import(tx, stack.id, name)


def _state_before_update(found: StackResource) -> Json:
    """Return the state of a resource before the update in progress."""
    body = found.body
    if "before" in body:
        return body["before"]
    return {"physical": found.physical, "body": body}


def _resolve_outputs(template: Template, scope: TemplateScope) -> list[Json]:
    """Return the outputs of a stack."""
    found = []
    for output in template.outputs.values():
        if output.condition is not None and not scope.conditions[output.condition]:
            continue
        value = resolve(output.value, scope)
        if not isinstance(value, (str, int, float, bool)):
            raise TemplateError(
                f"Template format error: Output {output.name} is malformed. The Value field of every Outputs member "
                "must evaluate to a String."
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
