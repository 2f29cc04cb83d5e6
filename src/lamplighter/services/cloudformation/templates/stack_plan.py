"""Define the plan of a stack. Its template is stored apart from the rest, which is small and which many turns need."""

from dataclasses import dataclass

from lamplighter.base.json_text import Json
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

    def store(self, tx: Tx, stack: str, key: str) -> Json:
        """Store the template under a new key; return the part that is stored with the stack or change set."""
        templates.put(tx, key, stack, self.text, self.processed)
        return {**self.body, "template": key}

    def equals(self, reader: Reader, stored: Json) -> bool:
        """Return whether the stored plan `stored` is the same as this plan."""
        rest = {name: value for name, value in stored.items() if name != "template"}
        same = self.text == templates.text(reader, stored["template"])
        return same and rest == self.body and self.processed == templates.processed(reader, stored["template"])
