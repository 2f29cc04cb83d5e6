"""Define the plan of a stack. Its template is stored apart from the rest, which is small and which many turns need."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.lang.template.template import Template
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class StackPlan:
    """A plan: the parameters, tags and settings of a stack, and its template in all forms."""

    body: Json
    """The part that is stored with the stack: everything but the template."""
    text: str
    """The original text of the template."""
    processed: str
    """The JSON text of the template after its transforms."""
    parsed: ParsedTemplate

    @property
    def failure(self) -> str | None:
        """Return why the transforms of the template failed, or None."""
        return failure_of(self.body)

    def store(self, tx: Tx, stack: str, key: str) -> Json:
        """Store the template under a new key; return the part that is stored with the stack or change set."""
        templates.put(tx, key, stack, self.text, self.processed)
        return {**self.body, "template": key}

    def equals(self, reader: Reader, stored: Json) -> bool:
        """Return whether the stored plan `stored` is the same as this plan."""
        rest = {name: value for name, value in stored.items() if name != "template"}
        same = self.text == templates.text(reader, stored["template"])
        return same and rest == self.body and self.processed == templates.processed(reader, stored["template"])


def failure_of(plan: Json) -> str | None:
    """Return why the transforms of a plan's template failed, or None."""
    found: str | None = plan.get("failure")
    return found


def failed_plan(body: Json, text: str, why: str) -> StackPlan:
    """Return the plan of a template whose transforms failed: it has no resources, and no text after the transforms."""
    nothing = ParsedTemplate(Template(None, None, {}, {}, {}, {}, {}, {}), (), {}, frozenset())
    return StackPlan({**body, "description": None, "metadata": None, "failure": why}, text, text, nothing)
