"""Parse form-encoded fields and build a tree from their dotted names.

See https://url.spec.whatwg.org/#application/x-www-form-urlencoded. Accepts any bytes. All values stay text.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.errors import ServiceError

MAX_DOTS = 16
"""The most dots in a name. Fields with more are ignored, because no shape has so many levels."""
MAX_FIELDS = 30_000
"""The most fields in a request. The largest request, of 1 MB to CloudWatch, cannot name as many."""
MAX_NAME_PARTS = 200_000


class TooManyFields(
    ServiceError, template=f"The request has more than {MAX_FIELDS} fields.", code="MalformedQueryString"
):
    """The request has more fields than any operation accepts."""


def parse_fields(raw: bytes) -> list[tuple[str, str]]:
    """Return names and values in order, including blank ones. Raises TooManyFields."""
    try:
        text = raw.decode(errors="replace")
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise TooManyFields from None


@dataclass(slots=True)
class FormNode:
    """A node of the tree: the text at a dotted name, the nodes below it, or both if a caller sends both."""

    text: str | None = None
    children: "dict[str, FormNode]" = field(default_factory=dict)

    def numbered_children(self) -> "list[FormNode]":
        """Return the nodes below that have numbers as names (`1`, `2`, …) in numeric order, ignoring gaps."""
        numbers = sorted((key for key in self.children if key.isdecimal() and len(key) < 10), key=int)
        return [self.children[number] for number in numbers]

    def flat_elements(self) -> "list[FormNode]":
        """Return the elements of a flattened list or map; a single one may have no number (`Attribute.Name`).

        See https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Query_QuerySetQueueAttributes.html.
        An empty text is an empty list.
        """
        return self.numbered_children() or ([self] if self.text or self.children else [])


def field_name(name: str, member: Shape) -> str:
    """Return the field name of a member. A flattened list has the name of its elements."""
    if member.type_name == "list" and member.serialization.get("flattened"):
        name = member.member.serialization.get("name", name)
    return str(member.serialization.get("name", name))


def build_tree(pairs: list[tuple[str, str]]) -> FormNode:
    """Build the tree of the fields. If a name occurs twice, the first field counts. Raises TooManyFields."""
    root, parts = FormNode(), 0
    for name, value in pairs:
        dots = name.count(".")
        if dots > MAX_DOTS:
            continue
        parts += dots + 1
        if parts > MAX_NAME_PARTS:
            raise TooManyFields
        node = root
        for part in name.split("."):
            node = node.children.setdefault(part, FormNode())
        if node.text is None:
            node.text = value
    return root
