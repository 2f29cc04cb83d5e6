"""Templates of stacks as the passes over their resources need them: taken apart, with the order of the resources.

Promises that the templates which were used last are at hand, whatever the passes of other stacks do meanwhile, and that
a large one is taken apart by a thread.
"""

from dataclasses import dataclass

from lamplighter.base.jsontext import Json, loads
from lamplighter.lang.template import Template, taken_apart
from lamplighter.lang.templaterefs import order
from lamplighter.services.cloudformation.outside import Material
from lamplighter.services.cloudformation.scoping import conditions, live
from lamplighter.store import stacktemplates
from lamplighter.store.db import Reader
from lamplighter.store.stacks import Stack

MOST = 4
"""How many are kept in memory."""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A template with the values of one plan."""

    template: Template
    names: tuple[str, ...]
    """The resources whose conditions hold, in the order in which they are made."""
    size: int
    """Of its text, in characters."""


class Blueprints:
    """Blueprints of plans that are kept, by the keys of their templates, which never change."""

    def __init__(self) -> None:
        self._kept: dict[str, Blueprint] = {}

    def of(self, reader: Reader, stack: Stack, plan: Json, material: Material) -> Blueprint:
        """Return the blueprint of one of a stack's plans."""
        key = plan["template"]
        found = self._kept.pop(key, None) or self._read(reader, stack, plan, material)
        self._kept[key] = found
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return found

    def _read(self, reader: Reader, stack: Stack, plan: Json, material: Material) -> Blueprint:
        text = stacktemplates.processed(reader, plan["template"])
        return material.compute(
            f"template {plan['template']}", len(text), reader, lambda _reader, _material: _blueprint(text, stack, plan)
        )


def _blueprint(text: str, stack: Stack, plan: Json) -> Blueprint:
    template = taken_apart(loads(text))
    return Blueprint(template, tuple(order(live(template, conditions(template, stack, plan)))), len(text))
