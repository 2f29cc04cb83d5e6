"""Encode results as XML according to their shapes.

See https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings. Guarantees that every XML 1.0 parser accepts the text.
Characters that XML cannot contain become U+FFFD, and a carriage return is escaped so that parsers keep it.
"""

import re
from collections.abc import Iterator

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.json_text import Json
from lamplighter.wire.protocols.text import write_text

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def escape_text(text: str) -> str:
    """Escape text for use between tags."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def write_element(name: str, value: Json, shape: Shape) -> str:
    """Encode a value as an element, or as several elements for a flattened list or map."""
    flat = shape.serialization.get("flattened", False)
    match shape.type_name:
        case "structure":
            return f"<{name}{_attributes(value, shape)}>{write_members(value, shape)}</{name}>"
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
    """Encode the members of a structure in the shape's order, omitting absent ones."""
    return "".join(
        write_element(member.serialization.get("name", name), value[name], member)
        for name, member in shape.members.items()
        if value.get(name) is not None and not member.serialization.get("xmlAttribute")
    )


def _attributes(value: Json, shape: Shape) -> str:
    """Return the members of a structure that are attributes of its element, with the namespace of their prefix."""
    if "xmlNamespace" not in shape.serialization:
        return ""
    found = [(name, member) for name, member in shape.members.items() if member.serialization.get("xmlAttribute")]
    texts = [
        f' {member.serialization["name"]}="{escape_text(write_text(value[name], member))}"'
        for name, member in found
        if value.get(name) is not None
    ]
    space = shape.serialization.get("xmlNamespace", {})
    declared = f' xmlns:{space["prefix"]}="{space["uri"]}"' if texts and "prefix" in space else ""
    return declared + "".join(texts)


def _pairs(value: Json, shape: Shape) -> Iterator[str]:
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    for key, item in value.items():
        yield write_element(key_name, key, shape.key) + write_element(value_name, item, shape.value)
