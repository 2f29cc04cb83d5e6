"""Fill the parameters and conditions of a template in, so that templates can be compared resource by resource.

Guarantees that a changed parameter shows where it is used: a rebuilt image is a change of the container that runs it.
Values that only a stack knows stay references, such as `${NightlyTaskRole.Arn}`, unless the caller knows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lamplighter.base.json_text import Json
from lamplighter.lang.template.conditions import evaluate_conditions
from lamplighter.lang.template.functions import TemplateScope, resolve
from lamplighter.lang.template.parameters import default_text, ref_value
from lamplighter.lang.template.template import PSEUDO_PARAMETERS, Template, parse_template

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource with its parameters and conditions filled in."""

    type: str
    properties: Mapping[str, Json]
    metadata: Json
    is_retained: bool = False
    """Whether the resource stays when it leaves the stack."""


def resolve_resources(document: Json, parameters: Texts, known: Texts = MappingProxyType({})) -> dict[str, Resource]:
    """Return the resources that a template creates with these parameters, by logical ID; {} for an empty template.

    `known` has values that only a stack knows, by what refers to them: "AWS::Region", "Queue.Arn".
    """
    if not document:
        return {}
    template = parse_template(document)
    scope = _make_scope(template, parameters, known)
    retained = {name for name, each in template.resources.items() if each.deletion_policy == "Retain"}
    return {
        name: Resource(each.type, resolve(dict(each.properties), scope), each.metadata, name in retained)
        for name, each in template.resources.items()
        if each.condition is None or scope.conditions[each.condition]
    }


def _make_scope(template: Template, parameters: Texts, known: Texts) -> TemplateScope:
    def refer(name: str) -> str:
        return known.get(name, f"${{{name}}}")

    texts = {name: parameters.get(name, default_text(each)) for name, each in template.parameters.items()}
    values = {name: ref_value(each, texts[name]) for name, each in template.parameters.items()}
    values |= {name: refer(name) for name in PSEUDO_PARAMETERS - {"AWS::NoValue"}}
    conditions = evaluate_conditions(template.conditions, TemplateScope(values, template.mappings))
    return TemplateScope(
        values,
        template.mappings,
        conditions,
        resource=refer,
        attribute=lambda name, wanted: refer(f"{name}.{wanted}"),
        import_value=lambda name: f"${{the export {name}}}",
        zones=lambda region: [f"{region}{letter}" for letter in "abcdef"],
    )
