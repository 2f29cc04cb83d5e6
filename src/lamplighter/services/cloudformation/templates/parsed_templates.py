"""Parse the templates of stacks for the passes over their resources, with the order of the resources.

Guarantees that the templates used last stay in memory, regardless of other stacks' passes, and that a large template is
parsed in a thread.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.lang.template.references import creation_order
from lamplighter.lang.template.template import Resource, Template, parse_checked_template, parse_resource
from lamplighter.services.cloudformation.deploy.template_scope import live_resources, stack_conditions
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.tables.stacks import Stack
from lamplighter.services.cloudformation.templates.external_inputs import ExternalInputs
from lamplighter.store.db import Reader

MAX_CACHED_TEMPLATES = 4
"""The most parsed templates that are kept in memory."""


@dataclass(frozen=True, slots=True)
class ParsedTemplate:
    """A template parsed with the parameter values of one stack operation.

    Its resources stay text: the garbage collector would look through a million objects again and again.
    """

    sections: Template
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


def build_parsed_template(template: Template, names: Iterable[str], document: Json) -> ParsedTemplate:
    """Return the parsed template of a template and its `document`."""
    bodies = {name: dumps(body) for name, body in document["Resources"].items()}
    types = frozenset(resource.type for resource in template.resources.values())
    return ParsedTemplate(replace(template, resources={}), tuple(names), bodies, types)


class ParsedTemplates:
    """A cache of parsed templates, by the keys of the stored templates, which never change."""

    def __init__(self) -> None:
        self._cache: dict[str, ParsedTemplate] = {}

    def get(self, reader: Reader, stack: Stack, plan: Json, inputs: ExternalInputs) -> ParsedTemplate:
        """Return the parsed template of one of a stack's plans."""
        key = plan["template"]
        found = self._cache.pop(key, None) or self._read(reader, stack, plan, inputs)
        self.put(key, found)
        return found

    def put(self, key: str, parsed: ParsedTemplate) -> None:
        """Keep the parsed template of a stored plan, in place of the one that was used longest ago."""
        self._cache[key] = parsed
        if len(self._cache) > MAX_CACHED_TEMPLATES:
            del self._cache[next(iter(self._cache))]

    def _read(self, reader: Reader, stack: Stack, plan: Json, inputs: ExternalInputs) -> ParsedTemplate:
        text = templates.processed(reader, plan["template"])
        return inputs.compute(
            f"template {plan['template']}", len(text), reader, lambda _reader, _inputs: _parse(text, stack, plan)
        )


def _parse(text: str, stack: Stack, plan: Json) -> ParsedTemplate:
    document = loads(text)
    template = parse_checked_template(document)
    return build_parsed_template(
        template, creation_order(live_resources(template, stack_conditions(template, stack, plan))), document
    )
