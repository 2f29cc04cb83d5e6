"""Form-encoded fields and the tree that their dotted names make.

See https://url.spec.whatwg.org/#application/x-www-form-urlencoded. Promises to read any bytes; refuses to give them
types.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

DEEPEST = 32
"""Names with more dots than any shape has levels are not looked at."""


def fields(raw: bytes) -> list[tuple[str, str]]:
    """Names and values in order, blank ones included."""
    return parse_qsl(raw.decode(errors="replace"), keep_blank_values=True, errors="replace")


@dataclass(slots=True)
class Node:
    """What stands at one dotted name: a text, or what is below, or in careless hands both."""

    text: str | None = None
    below: "dict[str, Node]" = field(default_factory=dict)

    def numbered(self) -> "list[Node]":
        """What stands at `1`, `2`, … below, in order; gaps close."""
        numbers = sorted((key for key in self.below if key.isdecimal() and len(key) < 10), key=int)
        return [self.below[number] for number in numbers]


def tree(pairs: list[tuple[str, str]]) -> Node:
    """The fields by the parts of their names; of two fields of one name the first counts."""
    root = Node()
    for name, value in pairs:
        if name.count(".") > DEEPEST:
            continue
        node = root
        for part in name.split("."):
            node = node.below.setdefault(part, Node())
        if node.text is None:
            node.text = value
    return root
