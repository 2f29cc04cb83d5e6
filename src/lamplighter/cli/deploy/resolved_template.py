"""A template with its parameters and conditions filled in, as far as a reader wants them.

Promises that two templates can be compared resource by resource, whatever a parameter says: an image that was built
anew is a change of the container that runs it. What only a stack knows stays a name: `${NightlyTaskRole.Arn}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.template.conditions import evaluate_conditions
from lamplighter.lang.template.functions import Scope, resolve
from lamplighter.lang.template.parameters import default_text, ref_value
from lamplighter.lang.template.template import PSEUDO, Template, parse_template


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, with what can be known of it."""

    type: str
    properties: Mapping[str, Json]
    metadata: Json


def resolve_resources(document: Json, parameters: Mapping[str, str]) -> dict[str, Resource]:
    """The resources that a template makes with these parameters, by logical id; none of no template."""
    if not document:
        return {}
    template = parse_template(document)
    scope = _scope(template, parameters)
    return {
        name: Resource(each.type, resolve(dict(each.properties), scope), each.metadata)
        for name, each in template.resources.items()
        if each.condition is None or scope.conditions[each.condition]
    }


def _scope(template: Template, given: Mapping[str, str]) -> Scope:
    told = {name: given.get(name, default_text(each)) for name, each in template.parameters.items()}
    values = {name: ref_value(each, told[name]) for name, each in template.parameters.items()}
    values |= {name: f"${{{name}}}" for name in PSEUDO - {"AWS::NoValue"}}
    conditions = evaluate_conditions(template.conditions, Scope(values, template.mappings))
    return Scope(
        values,
        template.mappings,
        conditions,
        resource=lambda name: f"${{{name}}}",
        attribute=lambda name, wanted: f"${{{name}.{wanted}}}",
        imported=lambda name: f"${{the export {name}}}",
        zones=lambda region: [f"{region}{letter}" for letter in "abcdef"],
    )
