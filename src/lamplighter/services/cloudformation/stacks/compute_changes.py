"""Compute what an update would do to a stack, without doing it.

A value that is known only after the update (the name of a new resource) counts as changed.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve
from lamplighter.lang.template.template import Resource
from lamplighter.services.cloudformation.deploy.template_scope import StackScope, merge_tags
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.resource_types.registry import NESTED_STACK, resource_type_of
from lamplighter.services.cloudformation.resource_types.resource_type import lamplighter_metadata
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import StackResource
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate
from lamplighter.store.db import Reader


class KnownAfterUpdate(LamplighterError):
    """The error for a value that is known only after the update."""


class _Unknown:
    """A placeholder for a value that is known only after the update."""


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing a stack with a plan."""

    changes: list[Json]
    """The change of each resource, in the order of the update."""
    differs: bool
    """Whether an update has anything to do."""


def compare_stack(
    reader: Reader, stack: Stack, old: ParsedTemplate | None, plan: Json, new: ParsedTemplate, inputs: ExternalInputs
) -> Comparison:
    """Compare a stack with another plan; a large template is compared in a thread.

    `old` is the parsed template of the stack's plan; None means that an update always has something to do.
    """

    def run(reader: Reader, inputs: ExternalInputs) -> Comparison:
        found = compute_changes(reader, stack, plan, new, inputs)
        return Comparison(found, old is None or bool(found) or _differs(stack, old, plan, new))

    return inputs.compute(f"changes after pass {stack.pass_number}", new.size, reader, run)


def compute_changes(
    reader: Reader, stack: Stack, plan: Json, new: ParsedTemplate, inputs: ExternalInputs
) -> list[Json]:
    """Return the change of each resource, in the order of the update."""
    rows = {
        row.logical: row
        for row in stack_resources.resources_of(reader, stack.id)
        if not row.status.startswith("DELETE_")
    }
    new_or_replaced: set[str] = set()
    modified: set[str] = set()
    known = StackScope(reader, stack, rows.get, inputs).scope(plan, new.sections)
    scope = replace(
        known,
        resource=_known_resource(known, new_or_replaced),
        attribute=_known_attribute(known, new_or_replaced, modified, rows),
    )
    found = []
    for name in new.names:
        resource, row = new.resource(name), rows.get(name)
        if row is None or row.physical is None:
            new_or_replaced.add(name)
            found.append(_change("Add", name, None, resource.type))
            continue
        if row.type != resource.type:
            raise StackValidationError(
                "Update of resource type is not permitted. The new template modifies resource type of the following "
                f"resources: [{name}]"
            )
        change = _modification(resource, row, scope, plan)
        if change is not None:
            modified.add(name)
            if change["ResourceChange"]["Replacement"] != "False":
                new_or_replaced.add(name)
            found.append(change)
    needed = frozenset(new.names)
    removed = [row for name, row in rows.items() if name not in needed]
    return found + [_change("Remove", row.logical, row.physical, row.type) for row in reversed(removed)]


def _differs(stack: Stack, old: ParsedTemplate, plan: Json, new: ParsedTemplate) -> bool:
    """Return whether an update has anything to do apart from changed resources."""
    if any(plan[name] != stack.plan[name] for name in ("tags", "notifications", "role")):
        return True
    outputs = new.sections.outputs
    if outputs != old.sections.outputs or (outputs and plan["values"] != stack.plan["values"]):
        return True
    return NESTED_STACK in new.types


def _known_resource(scope: TemplateScope, new_or_replaced: set[str]) -> Callable[[str], Json]:
    def resource(name: str) -> Json:
        if name in new_or_replaced:
            raise KnownAfterUpdate(name)
        return scope.resource(name)

    return resource


def _known_attribute(
    scope: TemplateScope, new_or_replaced: set[str], modified: set[str], rows: Mapping[str, StackResource]
) -> Callable[[str, str], Json]:
    def attribute(name: str, wanted: str) -> Json:
        # A change in place may produce a new value, such as a revision or an output; a name or an ARN stays.
        is_stable = wanted.endswith(("Arn", "Name", "Url", "Id")) and wanted != "StateMachineRevisionId"
        if (
            name in new_or_replaced
            or (name in modified and not is_stable)
            or (name in rows and rows[name].type == NESTED_STACK)
        ):
            raise KnownAfterUpdate(name)
        return scope.attribute(name, wanted)

    return attribute


def _modification(resource: Resource, row: StackResource, scope: TemplateScope, plan: Json) -> Json:
    """Return how a resource would change, or None if it would not."""
    old = row.body["properties"]
    new = {name: _resolve_or_unknown(value, scope) for name, value in resource.properties.items()}
    new = {name: value for name, value in new.items() if value is not NO_VALUE}
    new = dict(resource_type_of(row.type).adapt_properties(new, lamplighter_metadata(resource.metadata)))
    differing = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    details = [_detail("Properties", row.type, name, is_dynamic=new.get(name) is UNKNOWN) for name in differing]
    known = {name: value for name, value in new.items() if value is not UNKNOWN}
    if "Tags" not in differing and merge_tags(plan["tags"], known) != row.body["tags"]:
        details.append(_detail("Tags", row.type, None, is_dynamic=False))
    if resource.metadata != row.body.get("metadata"):
        details.append(_detail("Metadata", row.type, None, is_dynamic=False))
    if not details and (row.type == NESTED_STACK or not row.status.endswith("_FAILED")):
        return None
    change = _change("Modify", row.logical, row.physical, row.type)
    scopes = sorted({detail["Target"]["Attribute"] for detail in details})
    recreated = [detail for detail in details if detail["Target"]["RequiresRecreation"] == "Always"]
    certain = any(detail["Evaluation"] == "Static" for detail in recreated)
    change["ResourceChange"] |= {
        "Replacement": "True" if certain else "Conditional" if recreated else "False",
        "Scope": scopes,
        "Details": details,
    }
    return change


def _resolve_or_unknown(value: Json, scope: TemplateScope) -> Json:
    try:
        return resolve(value, scope)
    except KnownAfterUpdate:
        return UNKNOWN


def _detail(attribute: str, kind: str, name: str | None, *, is_dynamic: bool) -> Json:
    recreates = attribute == "Properties" and resource_type_of(kind).is_replaced_by(name)
    return {
        "Target": {
            "Attribute": attribute,
            **({"Name": name} if name is not None else {}),
            "RequiresRecreation": "Always" if recreates else "Never",
        },
        "Evaluation": "Dynamic" if is_dynamic else "Static",
        "ChangeSource": "ResourceReference" if is_dynamic else "DirectModification",
    }


def _change(action: str, name: str, physical: str | None, kind: str) -> Json:
    return {
        "Type": "Resource",
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": name,
            **({"PhysicalResourceId": physical} if physical is not None else {}),
            "ResourceType": kind,
            "Scope": [],
            "Details": [],
        },
    }
