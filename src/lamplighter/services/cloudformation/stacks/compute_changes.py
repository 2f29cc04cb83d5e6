"""Compute what an update would do to a stack, without doing it.

A value that is known only after the update (the name of a new resource) counts as changed. A resource counts as
untouched only if the update would write nothing about it, so that the update can leave it out.
See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve, value_as_text
from lamplighter.lang.template.template import Resource
from lamplighter.services.cloudformation.deploy.template_scope import StackScope, merge_tags
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.resource_types.registry import NESTED_STACK, is_simulated, resource_type_of
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
    untouched: tuple[str, ...]
    """The resources about which an update has nothing to write."""


def compare_stack(
    reader: Reader, stack: Stack, old: ParsedTemplate | None, plan: Json, new: ParsedTemplate, inputs: ExternalInputs
) -> Comparison:
    """Compare a stack with another plan; a large template is compared in a thread.

    `old` is the parsed template of the stack's plan; None means that an update always has something to do.
    """

    def run(reader: Reader, inputs: ExternalInputs) -> Comparison:
        comparer = _Comparer.open(reader, stack, plan, new, inputs)
        changes = comparer.compare_resources()
        differs = old is None or bool(changes) or _differs(stack, old, plan, new)
        return Comparison(changes, differs, tuple(comparer.untouched))

    return inputs.compute(f"changes after pass {stack.pass_number}", new.size, reader, run)


@dataclass(slots=True)
class _Comparer:
    """A comparison of a stack's resources with a plan, resource by resource in the order of the update."""

    rows: Mapping[str, StackResource]
    plan: Json
    new: ParsedTemplate
    known: TemplateScope
    """The scope of the stack in its present state."""
    new_or_replaced: set[str] = field(default_factory=set)
    modified: set[str] = field(default_factory=set)
    untouched: list[str] = field(default_factory=list)
    uses_changes: bool = False
    """Whether the present resource uses an export, or a value of a resource that changes."""

    @classmethod
    def open(cls, reader: Reader, stack: Stack, plan: Json, new: ParsedTemplate, inputs: ExternalInputs) -> "_Comparer":
        """Read the stack's resources."""
        rows = {
            row.logical: row
            for row in stack_resources.resources_of(reader, stack.id)
            if not row.status.startswith("DELETE_")
        }
        return cls(rows, plan, new, StackScope(reader, stack, rows.get, inputs).scope(plan, new.sections))

    def compare_resources(self) -> list[Json]:
        """Return the change of each resource, in the order of the update."""
        scope = replace(self.known, resource=self._resource, attribute=self._attribute, import_value=self._import_value)
        found = []
        for position, name in enumerate(self.new.names):
            resource, row = self.new.resource(name), self.rows.get(name)
            if row is None or row.physical is None:
                self.new_or_replaced.add(name)
                found.append(_change("Add", name, None, resource.type))
                continue
            if row.type != resource.type:
                raise StackValidationError(
                    "Update of resource type is not permitted. The new template modifies resource type of the "
                    f"following resources: [{name}]"
                )
            self.uses_changes = False
            change = _modification(resource, row, scope, self.plan)
            if change is not None:
                self.modified.add(name)
                if change["ResourceChange"]["Replacement"] != "False":
                    self.new_or_replaced.add(name)
                found.append(change)
            elif row.position == position and _keeps_its_row(resource, row, scope) and not self.uses_changes:
                self.untouched.append(name)
        needed = frozenset(self.new.names)
        removed = [row for name, row in self.rows.items() if name not in needed]
        return found + [_change("Remove", row.logical, row.physical, row.type) for row in reversed(removed)]

    def _resource(self, name: str) -> Json:
        if name in self.new_or_replaced:
            raise KnownAfterUpdate(name)
        self.uses_changes |= name in self.modified
        return self.known.resource(name)

    def _attribute(self, name: str, wanted: str) -> Json:
        # A change in place may produce a new value, such as a revision or an output; a name or an ARN stays.
        is_stable = wanted.endswith(("Arn", "Name", "Url", "Id")) and wanted != "StateMachineRevisionId"
        if (
            name in self.new_or_replaced
            or (name in self.modified and not is_stable)
            or (name in self.rows and self.rows[name].type == NESTED_STACK)
        ):
            raise KnownAfterUpdate(name)
        self.uses_changes |= name in self.modified
        return self.known.attribute(name, wanted)

    def _import_value(self, name: str) -> Json:
        # The update records which exports the stack uses.
        self.uses_changes = True
        return self.known.import_value(name)


def _keeps_its_row(resource: Resource, row: StackResource, scope: TemplateScope) -> bool:
    """Return whether an update would write nothing new to the row of a resource whose properties stay."""
    policies = (resource.deletion_policy, resource.update_replace_policy)
    return (
        row.status in stack_resources.SETTLED_STATUSES
        and row.type != NESTED_STACK
        and [each and value_as_text(_resolve_or_unknown(each, scope)) for each in policies]
        == [row.body.get("deletion"), row.body.get("replacement")]
        and is_simulated(row.type) == (not row.body.get("recorded"))
    )


def _differs(stack: Stack, old: ParsedTemplate, plan: Json, new: ParsedTemplate) -> bool:
    """Return whether an update has anything to do apart from changed resources."""
    if any(plan[name] != stack.plan[name] for name in ("tags", "notifications", "role")):
        return True
    outputs = new.sections.outputs
    if outputs != old.sections.outputs or (outputs and plan["values"] != stack.plan["values"]):
        return True
    return NESTED_STACK in new.types


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
