"""Compute what an update would do to a stack, without doing it.

A value that is known only after the update (the name of a new resource, an attribute of a changed one) counts as
changed. A resource counts as untouched only if the update would write nothing about it, so that the update can leave it
out. See https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from lamplighter.base.errors import LamplighterError
from lamplighter.base.json_text import Json
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve, value_as_text
from lamplighter.lang.template.template import Resource
from lamplighter.services.cloudformation.deploy.template_scope import StackScope, merge_tags
from lamplighter.services.cloudformation.errors import StackValidationError
from lamplighter.services.cloudformation.resource_types.registry import (
    NESTED_STACK,
    is_attribute,
    is_simulated,
    resource_type_of,
)
from lamplighter.services.cloudformation.resource_types.resource_type import lamplighter_metadata
from lamplighter.services.cloudformation.stacks.actual_resource import (
    SYNC,
    ActualResource,
    add_sources,
    shown_properties,
    synchronized_details,
)
from lamplighter.services.cloudformation.stacks.change_details import (
    Causes,
    ChangedProperty,
    explain_attribute,
    explain_nested_stack,
    explain_property,
    replacement_of,
)
from lamplighter.services.cloudformation.stacks.shown_properties import KNOWN_AFTER_APPLY, ShownResource, ShownTemplate
from lamplighter.services.cloudformation.tables import stack_resources
from lamplighter.services.cloudformation.tables.stack_resources import RETAIN_POLICIES, StackResource
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
class ActualState:
    """The actual resources of a stack, by logical ID, and when they were read, in milliseconds since the epoch."""

    resources: Mapping[str, ActualResource]
    time: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing a stack with a plan."""

    changes: list[Json]
    """The change of each resource, by logical ID, as AWS orders them."""
    differs: bool
    """Whether an update has anything to do."""
    untouched: tuple[str, ...]
    """The resources about which an update has nothing to write."""


def compare_stack(
    reader: Reader,
    stack: Stack,
    old: ParsedTemplate | None,
    plan: Json,
    new: ParsedTemplate,
    inputs: ExternalInputs,
    *,
    explain: bool = False,
    actual: ActualState | None = None,
    place: str = "",
) -> Comparison:
    """Compare a stack with another plan; a large template is compared in a thread.

    `old` is the parsed template of the stack's plan; None means that an update always has something to do. `explain`
    states that the changes have the properties before and after the update, as a change set shows them. `actual` lets
    the comparison begin with the actual state of the resources, and not with their last deployment. `place` tells apart
    the stacks that are compared in one turn.
    """

    def run(reader: Reader, inputs: ExternalInputs) -> Comparison:
        comparer = _Comparer.open(reader, stack, plan, new, inputs, actual)
        if explain:
            comparer.show(old)
        changes = comparer.compare_resources()
        differs = old is None or bool(changes) or _differs(stack, old, plan, new)
        return Comparison(sorted(changes, key=_logical_id), differs, tuple(comparer.untouched))

    return inputs.compute(f"changes{place} after pass {stack.pass_number}", new.size, reader, run)


def _logical_id(change: Json) -> str:
    name: str = change["ResourceChange"]["LogicalResourceId"]
    return name


@dataclass(slots=True)
class _Comparer:
    """A comparison of a stack's resources with a plan, resource by resource in the order of the update."""

    stack: Stack
    rows: Mapping[str, StackResource]
    plan: Json
    new: ParsedTemplate
    known: TemplateScope
    """The scope of the stack in its present state."""
    replaced: dict[str, bool] = field(default_factory=dict)
    """The new resources, and the replaced ones; whether their replacement is certain."""
    modified: dict[str, frozenset[str]] = field(default_factory=dict)
    """The resources that change in place, with the names of their changed properties."""
    untouched: list[str] = field(default_factory=list)
    uses_changes: bool = False
    """Whether the present resource uses an export, or a value of a resource that changes."""
    shown_before: ShownTemplate | None = None
    shown_after: ShownTemplate | None = None
    actual: ActualState = field(default_factory=lambda: ActualState({}, 0))

    @classmethod
    def open(
        cls,
        reader: Reader,
        stack: Stack,
        plan: Json,
        new: ParsedTemplate,
        inputs: ExternalInputs,
        actual: ActualState | None,
    ) -> "_Comparer":
        """Read the stack's resources."""
        rows = {
            row.logical: row
            for row in stack_resources.resources_of(reader, stack.id)
            if not row.status.startswith("DELETE_")
        }
        actual = actual or ActualState({}, 0)
        rows |= {name: each.row for name, each in actual.resources.items()}
        known = StackScope(reader, stack, rows.get, inputs).scope(plan, new.sections)
        return cls(stack, rows, plan, new, known, actual=actual)

    def show(self, old: ParsedTemplate | None) -> None:
        """Let the changes have the properties before and after the update; `old` is the template before it."""
        self.shown_after = ShownTemplate(self.stack, self.plan, self.new, partial(self._physical, self.replaced))
        if old is not None:
            self.shown_before = ShownTemplate(self.stack, self.stack.plan, old, partial(self._physical, {}))

    def _physical(self, replaced: Mapping[str, bool], name: str) -> str | None:
        return self.rows[name].physical if name in self.rows and name not in replaced else None

    def compare_resources(self) -> list[Json]:
        """Return the change of each resource, in the order of the update."""
        scope = replace(self.known, resource=self._resource, attribute=self._attribute, import_value=self._import_value)
        changed_parameters = _changed_parameters(self.stack.plan, self.plan)
        causes = Causes(changed_parameters, self.replaced, self.modified, self.known.conditions)
        found = []
        for position, name in enumerate(self.new.names):
            resource, row = self.new.resource(name), self.rows.get(name)
            if row is None or row.physical is None:
                self.replaced[name] = True
                found.append(self._addition(resource))
                continue
            if row.type != resource.type:
                raise StackValidationError(
                    "Update of resource type is not permitted. The new template modifies resource type of the "
                    f"following resources: [{name}]"
                )
            self.uses_changes = False
            change = self._modification(resource, row, scope, causes)
            if change is not None:
                found.append(change)
            elif row.position == position and _keeps_its_row(resource, row, scope) and not self.uses_changes:
                self.untouched.append(name)
        needed = frozenset(self.new.names)
        removed = [row for name, row in self.rows.items() if name not in needed]
        return found + [self._removal(row) for row in reversed(removed)]

    # --- the changes ----------------------------------------------------------------------------------------------

    def _addition(self, resource: Resource) -> Json:
        after = self.shown_after.show(resource).context if self.shown_after is not None else None
        return _change("Add", resource.name, resource.type, AfterContext=after, **self._drift(resource.name))

    def _drift(self, name: str) -> dict[str, Json]:
        """Return the members that the change of a resource has in a drift-aware change set."""
        found = self.actual.resources.get(name)
        if found is None:
            return {}
        return {"ResourceDriftStatus": found.status, "PreviousDeploymentContext": found.context()}

    def _removal(self, row: StackResource) -> Json:
        policy = row.body.get("deletion")
        action = "Retain" if policy in RETAIN_POLICIES else "Snapshot" if policy == "Snapshot" else "Delete"
        before = self._shown_before(row)
        return _change(
            "Remove",
            row.logical,
            row.type,
            PhysicalResourceId=row.physical,
            PolicyAction=action,
            BeforeContext=before and before.context,
            **self._drift(row.logical),
        )

    def _shown_before(self, row: StackResource) -> ShownResource | None:
        if self.shown_before is None:
            return None
        resource = self.shown_before.resource(row.logical)
        if resource is None:
            return ShownResource(shown_properties(row), {})
        shown, found = self.shown_before.show(resource), self.actual.resources.get(row.logical)
        return shown if found is None or not found.is_drifted else replace(shown, properties=shown_properties(row))

    def _modification(
        self, resource: Resource, row: StackResource, scope: TemplateScope, causes: Causes
    ) -> Json | None:
        """Return how a resource would change, or None if it would not."""
        old = row.body["properties"]
        new = {name: _resolve_or_unknown(value, scope) for name, value in resource.properties.items()}
        new = {name: value for name, value in new.items() if value is not NO_VALUE}
        new = dict(resource_type_of(row.type).adapt_properties(new, lamplighter_metadata(resource.metadata)))
        differing = frozenset(name for name in {**old, **new} if old.get(name) != new.get(name))
        known = {name: value for name, value in new.items() if value is not UNKNOWN}
        others = self._other_details(resource, row, known, tags_differ="Tags" in differing)
        found = self.actual.resources.get(row.logical)
        synchronized = [] if found is None else list(synchronized_details(found, differing, self.actual.time))
        if not differing and not others and not synchronized and not row.status.endswith("_FAILED"):
            return None
        before, after = self._shown_before(row), self.shown_after and self.shown_after.show(resource)
        shown_old, shown_new = before.properties if before else old, after.properties if after else new
        details: list[Json] = []
        for name in sorted(differing):
            texts = (_shown(properties.get(name)) for properties in (shown_old, shown_new))
            changed = ChangedProperty(row.type, name, resource.properties.get(name), *texts)
            details += explain_property(changed, causes)
        details += others
        if found is not None:
            details = [*add_sources(details, found, self.actual.time), *synchronized]
        replacement = replacement_of(details)
        if replacement == "False":
            self.modified[row.logical] = differing
        else:
            self.replaced[row.logical] = replacement == "True"
        return _change(
            SYNC if synchronized and len(synchronized) == len(details) else "Modify",
            row.logical,
            row.type,
            PhysicalResourceId=row.physical,
            PolicyAction=None if replacement == "False" else _policy_of_replacement(row),
            Replacement=replacement,
            Scope=sorted({detail["Target"]["Attribute"] for detail in details}),
            Details=details,
            BeforeContext=before and before.context,
            AfterContext=after and after.context,
            **self._drift(row.logical),
        )

    def _other_details(
        self, resource: Resource, row: StackResource, known: Mapping[str, Json], *, tags_differ: bool
    ) -> list[Json]:
        """Return the details of what changes besides the properties: tags of the stack, metadata, nested stacks."""
        found = []
        tags = merge_tags(self.plan["tags"], known)
        if not tags_differ and tags != row.body["tags"]:
            found.append(explain_attribute("Tags", row.body["tags"] or None, tags or None))
        if resource.metadata != row.body.get("metadata"):
            found.append(explain_attribute("Metadata", row.body.get("metadata"), resource.metadata))
        if row.type == NESTED_STACK:
            found.append(explain_nested_stack())
        return found

    # --- the values that functions read ---------------------------------------------------------------------------

    def _resource(self, name: str) -> Json:
        if name in self.replaced:
            raise KnownAfterUpdate(name)
        self.uses_changes |= name in self.modified
        return self.known.resource(name)

    def _attribute(self, name: str, wanted: str) -> Json:
        # AWS does not foresee which attributes a change in place keeps.
        kept = name not in self.replaced and (name not in self.modified or self._is_unchanged(name, wanted))
        if not kept or (name in self.rows and self.rows[name].type == NESTED_STACK):
            raise KnownAfterUpdate(name)
        self.uses_changes |= name in self.modified
        return self.known.attribute(name, wanted)

    def _is_unchanged(self, name: str, wanted: str) -> bool:
        """Return whether the attribute of a resource that changes in place repeats a property that stays."""
        is_property = not is_attribute(self.rows[name].type, wanted)
        return is_property and wanted not in self.modified[name]

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


def _changed_parameters(old: Json, new: Json) -> frozenset[str]:
    return frozenset(name for name, value in new["values"].items() if value != old["values"].get(name))


def _resolve_or_unknown(value: Json, scope: TemplateScope) -> Json:
    try:
        return resolve(value, scope)
    except KnownAfterUpdate:
        return UNKNOWN


def _shown(value: Json) -> Json:
    return KNOWN_AFTER_APPLY if value is UNKNOWN else value


def _policy_of_replacement(row: StackResource) -> str:
    policy = row.body.get("replacement")
    return f"ReplaceAnd{policy}" if policy in ("Retain", "Snapshot") else "ReplaceAndDelete"


def _change(action: str, name: str, kind: str, **members: Json) -> Json:
    given = {"Scope": [], "Details": [], **members}
    return {
        "Type": "Resource",
        "ResourceChange": {
            "Action": action,
            "LogicalResourceId": name,
            "ResourceType": kind,
            **{key: value for key, value in given.items() if value is not None},
        },
    }
