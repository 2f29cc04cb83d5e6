"""Find characters that a value begins or ends with, and that YAML takes for its own: a tag, an anchor, a comment.

Guarantees that no value loses a part without an error, except for what is plainly a comment. So tags are refused, as
are anchors that no alias names, and comments that begin within quotation marks. No error quotes the value, which may be
a secret.
See https://yaml.org/spec/1.2.2/#69-node-properties and https://yaml.org/spec/1.2.2/#66-comments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from yaml import Mark
from yaml.nodes import Node, ScalarNode

_TAG = re.compile(r"(&\S*\s+)?!")
_ANCHOR = re.compile("&")
_COMMENT = re.compile(r"[ \t]+#.*")
IN_QUOTATION_MARKS = "put the whole value in quotation marks, such as '! test -f x'"

LostCharacters = tuple[Mark, str]
"""Where the characters are, and what happened to them."""


@dataclass(slots=True)
class LostCharacterFinder:
    """The anchors of a document that no alias has named so far."""

    anchors: dict[int, Mark | None] = field(default_factory=dict)
    """The place of each anchor by the identity of its node, or None if an alias names it."""

    def visit(self, node: Node) -> Iterator[LostCharacters]:
        """Yield what a node loses. An alias is another visit of its node."""
        if _match(_TAG, node.start_mark):
            yield node.start_mark, "`!` begins a tag of YAML here, and no value"
        elif _match(_ANCHOR, node.start_mark):
            self.anchors[id(node)] = None if id(node) in self.anchors else node.start_mark
        if isinstance(node, ScalarNode) and node.style is None:
            comment = _match(_COMMENT, node.end_mark)
            if any(node.value.count(each) % 2 and comment.count(each) % 2 for each in "\"'"):
                yield node.end_mark, "a comment begins within quotation marks here"

    def unused_anchors(self) -> Iterator[LostCharacters]:
        """Yield the anchors that no alias named."""
        for mark in filter(None, self.anchors.values()):
            yield mark, "`&` begins an anchor of YAML here, and no value"


def _match(pattern: re.Pattern[str], mark: Mark) -> str:
    """Return what a document has at a place, or an empty text."""
    assert mark.buffer is not None  # It is for a stream only.
    found = pattern.match(mark.buffer, mark.pointer)
    return found[0] if found else ""
