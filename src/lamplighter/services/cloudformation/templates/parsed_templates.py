"""Parse the templates of stacks for the passes over their resources, with the order of the resources.

Guarantees that the templates used last stay in memory, regardless of other stacks' passes, and that a large template is
parsed in a thread.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.lang.template.references import creation_order
from lamplighter.lang.template.template import Resource, Template, parse_resource, split_template
from lamplighter.services.cloudformation.deploy.template_scope import live_resources, stack_conditions
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.store.db import Reader

MOST = 4
"""The most parsed templates that are kept in memory."""


@dataclass(frozen=True, slots=True)
class ParsedTemplate:
    """A template parsed with the values of one plan.

    Its resources stay text: the garbage collector would look through a million objects again and again.
    """

    frame: Template
    """The template without its resources."""
    names: tuple[str, ...]
    """The resources whose conditions hold, in the order in which they are created."""
    bodies: Mapping[str, str]
    """The JSON text of each resource in the template."""
    types: frozenset[str]
    """The types of all resources."""

    @property
    def size(self) -> int:
        """Return the length of all resources in characters."""
        return sum(map(len, self.bodies.values()))

    def resource(self, name: str) -> Resource:
        """Parse and return one resource."""
        return parse_resource(name, loads(self.bodies[name]))


def parsed_template(template: Template, names: Iterable[str], document: Json) -> ParsedTemplate:
    """Return the parsed template of a template and its `document`."""
    bodies = {name: dumps(body) for name, body in document["Resources"].items()}
    types = frozenset(resource.type for resource in template.resources.values())
    return ParsedTemplate(replace(template, resources={}), tuple(names), bodies, types)


class ParsedTemplates:
    """A cache of parsed templates, by the keys of the stored templates, which never change."""

    def __init__(self) -> None:
        self._kept: dict[str, ParsedTemplate] = {}

    def of(self, reader: Reader, stack: Stack, plan: Json, material: ExternalInputs) -> ParsedTemplate:
        """Return the parsed template of one of a stack's plans."""
        key = plan["template"]
        found = self._kept.pop(key, None) or self._read(reader, stack, plan, material)
        self._kept[key] = found
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return found

    def _read(self, reader: Reader, stack: Stack, plan: Json, material: ExternalInputs) -> ParsedTemplate:
        text = templates.processed(reader, plan["template"])
        return material.compute(
            f"template {plan['template']}", len(text), reader, lambda _reader, _material: _parsed(text, stack, plan)
        )


def _parsed(text: str, stack: Stack, plan: Json) -> ParsedTemplate:
    document = loads(text)
    template = split_template(document)
    return parsed_template(
        template, creation_order(live_resources(template, stack_conditions(template, stack, plan))), document
    )
