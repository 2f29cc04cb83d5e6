"""A plan: what a stack is to be. Its template is kept apart from the rest, which many turns need and which is small."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
from lamplighter.services.cloudformation.tables import templates
from lamplighter.services.cloudformation.templates.parsed_templates import ParsedTemplate
from lamplighter.store.db import Reader, Tx


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What a stack is to be, and its template in each of its forms."""

    body: Json
    """What is kept with the stack: everything but the template."""
    text: str
    """The template as it was given."""
    processed: str
    """JSON text of the template without its transforms."""
    parsed: ParsedTemplate

    def keep(self, tx: Tx, stack: str, key: str) -> Json:
        """Keep the template under a new key; return what is kept with the stack, or with a change set of it."""
        templates.put(tx, key, stack, self.text, self.processed)
        return {**self.body, "template": key}

    def equals(self, reader: Reader, kept: Json) -> bool:
        """Whether a stack with the plan `kept` is so already."""
        rest = {name: value for name, value in kept.items() if name != "template"}
        same = self.text == templates.text(reader, kept["template"])
        return same and rest == self.body and self.processed == templates.processed(reader, kept["template"])
