"""Form-encoded fields and the tree that their dotted names make.

See https://url.spec.whatwg.org/#application/x-www-form-urlencoded. Promises to read any bytes; refuses to give them
types.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from lamplighter.base.errors import AwsError

DEEPEST = 16
"""Names with more dots than any shape has levels are not looked at."""
MOST_FIELDS = 30_000
"""More than 1 MB can name, which is the most that a request to CloudWatch may have; nothing else has as many."""
MOST_PARTS = 200_000
"""Parts of names."""


class TooManyFields(AwsError):
    """The request names more fields than any operation takes."""

    code = "MalformedQueryString"

    def __init__(self) -> None:
        super().__init__(f"The request has more than {MOST_FIELDS} fields.")


def parse_fields(raw: bytes) -> list[tuple[str, str]]:
    """Names and values in order, blank ones included; raises TooManyFields."""
    try:
        text = raw.decode(errors="replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise TooManyFields from None


@dataclass(slots=True)
class FormNode:
    """What stands at one dotted name: a text, or what is below, or in careless hands both."""

    text: str | None = None
    below: "dict[str, FormNode]" = field(default_factory=dict)

    def numbered(self) -> "list[FormNode]":
        """What stands at `1`, `2`, … below, in order; gaps close."""
        numbers = sorted((key for key in self.below if key.isdecimal() and len(key) < 10), key=int)
        return [self.below[number] for number in numbers]


def build_tree(pairs: list[tuple[str, str]]) -> FormNode:
    """The fields by the parts of their names; of two fields of one name the first counts. Raises TooManyFields."""
    root, parts = FormNode(), 0
    for name, value in pairs:
        dots = name.count(".")
        if dots > DEEPEST:
            continue
        parts += dots + 1
        if parts > MOST_PARTS:
            raise TooManyFields
        node = root
        for part in name.split("."):
            node = node.below.setdefault(part, FormNode())
        if node.text is None:
            node.text = value
    return root
