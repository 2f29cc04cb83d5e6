"""Results as XML, written by shape.

See https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings. Promises text that every XML 1.0 parser reads: what it
cannot hold becomes U+FFFD, and a carriage return is written so that it survives.
"""

import re
from collections.abc import Iterator

from botocore.model import Shape

from lamplighter.base.json_text import Json
from lamplighter.wire.protocols.text import write_text

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def escape_text(text: str) -> str:
    """Text that may stand between tags."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def write_element(name: str, value: Json, shape: Shape) -> str:
    """A value as the element or, for a flat list or map, the elements that stand for it."""
    flat = shape.serialization.get("flattened", False)
    match shape.type_name:
        case "structure":
            return f"<{name}>{write_members(value, shape)}</{name}>"
        case "list":
            inner = shape.member.serialization.get("name", name if flat else "member")
            items = "".join(write_element(inner, item, shape.member) for item in value)
            return items if flat else f"<{name}>{items}</{name}>"
        case "map":
            entry = name if flat else "entry"
            entries = "".join(f"<{entry}>{pair}</{entry}>" for pair in _pairs(value, shape))
            return entries if flat else f"<{name}>{entries}</{name}>"
        case _:
            return f"<{name}>{escape_text(write_text(value, shape))}</{name}>"


def write_members(value: Json, shape: Shape) -> str:
    """What stands within a structure's element: its members in the shape's order, absent ones left out."""
    return "".join(
        write_element(member.serialization.get("name", name), value[name], member)
        for name, member in shape.members.items()
        if value.get(name) is not None
    )


def _pairs(value: Json, shape: Shape) -> Iterator[str]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    for key, item in value.items():
        yield write_element(key_name, key, shape.key) + write_element(value_name, item, shape.value)
