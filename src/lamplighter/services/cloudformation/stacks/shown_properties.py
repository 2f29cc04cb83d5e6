"""Write resources as change sets and events show them: JSON text, in the order and with the scalars that AWS writes.

Guarantees that no value of a parameter with NoEcho and no secret is shown, and that a value which is known only after
the change is `{{changeSet:KNOWN_AFTER_APPLY}}`. AWS shows every attribute of Fn::GetAtt so, except those that repeat a
property of a resource that the change neither creates nor replaces. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lamplighter.base.json_text import Json, dumps
from lamplighter.lang.template.functions import NO_VALUE, TemplateScope, resolve, value_as_text
from lamplighter.lang.template.references import choose_branches, find_attributes
from lamplighter.lang.template.template import Resource
from lamplighter.lang.template.text import TemplateError
from lamplighter.services.cloudformation.deploy.template_scope import resolve_properties, stack_conditions, value_scope
from lamplighter.services.cloudformation.resource_types.registry import is_attribute, resource_type_of
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate

KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
NO_ECHO_MASK = "****"
"""What is shown in place of a secret, such as the value of a parameter with NoEcho."""
_SMALLEST_TABLE = 16
"""The number of places of a new hash map of Java; it doubles as soon as three quarters are filled."""


@dataclass(frozen=True, slots=True)
class ShownResource:
    """A resource as it is shown before or after a change."""

    properties: Mapping[str, Json]
    others: Mapping[str, Json]
    """The other attributes that the template gives to the resource, such as Metadata."""

    @property
    def context(self) -> str:
        """Return the text with all attributes."""
        return shown_text({"Properties": self.properties, **self.others})


class ShownTemplate:
    """A stack's template as it is shown."""

    def __init__(self, stack: Stack, plan: Json, parsed: ParsedTemplate, physical: Callable[[str], str | None]) -> None:
        """Prepare to show resources; `physical` returns the id of a resource, or None if it is not known yet."""
        self._parsed, self._physical = parsed, physical
        values = value_scope(stack, plan, parsed.sections.mappings)
        self.scope: TemplateScope = replace(
            values,
            values={**values.values, **no_echo_masks(plan)},
            conditions=stack_conditions(parsed.sections, stack, plan),
            resource=lambda name: self._physical(name) or KNOWN_AFTER_APPLY,
            attribute=self._attribute,
            import_value=lambda _name: KNOWN_AFTER_APPLY,
        )

    def resource(self, name: str) -> Resource | None:
        """Return a resource of the template, or None if the template has no such resource."""
        return self._parsed.resource(name) if name in self._parsed.bodies else None

    def show(self, resource: Resource) -> ShownResource:
        """Return a resource with its functions replaced by what is shown of their results."""
        found = {name: self._resolve(value) for name, value in resource.properties.items()}
        others = {
            "Metadata": resource.metadata,
            "DeletionPolicy": resource.deletion_policy,
            "UpdateReplacePolicy": resource.update_replace_policy,
        }
        return ShownResource(
            _mask_property(resource.type, {name: value for name, value in found.items() if value is not NO_VALUE}),
            {name: self._resolve(value) for name, value in others.items() if value is not None},
        )

    def _resolve(self, value: Json) -> Json:
        try:
            return resolve(value, self.scope)
        except TemplateError:
            # A function such as Fn::Select cannot read a value that is not known yet.
            return KNOWN_AFTER_APPLY

    def _attribute(self, name: str, wanted: str) -> Json:
        resource = self.resource(name)
        if resource is None or self._physical(name) is None or is_attribute(resource.type, wanted):
            return KNOWN_AFTER_APPLY
        return self._resolve(resource.properties[wanted]) if wanted in resource.properties else KNOWN_AFTER_APPLY


def no_echo_masks(plan: Json) -> dict[str, str]:
    """Return what is shown in place of the values of a plan's parameters with NoEcho, by name."""
    return {each["name"]: NO_ECHO_MASK for each in plan["parameters"] if each["hidden"]}


def without_secrets(resource: Resource, scope: TemplateScope, masks: Mapping[str, str]) -> Json:
    """Return the properties of a resource as events show them, or None if they have no secrets.

    `scope` is the scope with the secrets, and `masks` are those of the hidden parameters.
    """
    properties = resource.properties
    if not masks and resource_type_of(resource.type).hidden_property is None and not _reads_secrets(properties, scope):
        return None
    shown = replace(scope, values={**scope.values, **masks}, dynamic=TemplateScope({}).dynamic)
    if scope.shown_attribute is not None:
        shown = replace(shown, attribute=scope.shown_attribute)
    return _mask_property(resource.type, resolve_properties(properties, shown))


def _reads_secrets(properties: Mapping[str, Json], scope: TemplateScope) -> bool:
    """Return whether properties have dynamic references, or attributes that are secrets of other resources."""
    if "{{resolve:" in dumps(properties):
        return True
    if scope.shown_attribute is None:
        return False
    chosen = choose_branches(dict(properties), scope.conditions)
    attributes = [(name, wanted) for _, name, wanted in find_attributes(chosen)]
    return any(scope.shown_attribute(*each) != scope.attribute(*each) for each in attributes)


def _mask_property(kind: str, properties: Mapping[str, Json]) -> dict[str, Json]:
    secret = resource_type_of(kind).hidden_property
    return {name: NO_ECHO_MASK if name == secret else value for name, value in properties.items()}


def shown_text(value: Json) -> str:
    """Return the JSON text in which AWS shows properties."""
    return dumps(_as_shown(value))


def shown_value(value: Json) -> str:
    """Return a single value as AWS shows it: a scalar as plain text, anything else as JSON text."""
    return shown_text(value) if isinstance(value, (dict, list)) else value_as_text(value)


def _as_shown(value: Json) -> Json:
    """Return a value with its scalars as text and its members in AWS's order."""
    if isinstance(value, list):
        return [_as_shown(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _as_shown(value[name]) for name in _in_order_of_java(list(value))}
    return value if value is None else value_as_text(value)


def _in_order_of_java(names: list[str]) -> list[str]:
    """Return names in the order of a hash map of Java, in which CloudFormation holds the members of an object."""
    size = _SMALLEST_TABLE
    while len(names) > size * 3 // 4:
        size *= 2
    return sorted(names, key=lambda name: _hash_of_java(name) % size)


@lru_cache(maxsize=4096)  # the names of properties are few
def _hash_of_java(text: str) -> int:
    units = text.encode("utf-16-be", "surrogatepass")
    found = 0
    for place in range(0, len(units), 2):
        found = (31 * found + int.from_bytes(units[place : place + 2], "big")) % 2**32
    return found ^ (found >> 16)
