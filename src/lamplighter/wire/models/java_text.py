"""Reproduce the Java forms in AWS's messages: the order of an enum's values, the text of a value, regular expressions.

AWS's services validate in Java, and their messages show it. They list a set in the order of its hash table and print a
value as its toString, and their patterns are in Java's dialect.
"""

import re
from collections.abc import Iterable

from lamplighter.base.aws.service_model import Shape
from lamplighter.base.json_text import Json
from lamplighter.wire.models.service_quirks import ServiceQuirks

REDACTED = "*** Sensitive Data Redacted ***"


def string_hash(text: str) -> int:
    """Return java.lang.String.hashCode, unsigned."""
    value = 0
    for unit in memoryview(text.encode("utf-16-le")).cast("H"):
        value = (31 * value + unit) & 0xFFFFFFFF
    return value


def set_order(values: Iterable[str]) -> list[str]:
    """Return an enum's values in the order in which AWS lists them.

    Models a hash table with at least 32 chains that is at most three quarters full and inserts at the head of a chain.
    This matches every enum in AWS's recorded messages: Step Functions, EventBridge, Kinesis, Cognito, DynamoDB, Lambda.
    """
    newest_first = list(values)[::-1]
    chains = 32
    while len(newest_first) > chains * 3 // 4:
        chains *= 2
    return sorted(newest_first, key=lambda value: string_hash(value) % chains)


def member_name(name: str) -> str:
    """Return a member's name as messages spell it: `AuthorizationType` becomes `authorizationType`."""
    return name[:1].lower() + name[1:]


def java_text(value: Json, shape: Shape, quirks: ServiceQuirks) -> str:
    """Return a value's toString, with the members and in the order that the service prints."""
    if value is None:
        return "null"
    if "sensitive" in shape.metadata:
        return REDACTED
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(java_text(item, shape.member, quirks) for item in value)}]"
    if not isinstance(value, dict) or shape.metadata.get("document"):
        return str(value)
    if shape.type_name == "map":
        return "{" + ", ".join(f"{key}={java_text(item, shape.value, quirks)}" for key, item in value.items()) + "}"
    members = [
        *(
            f"{member_name(name)}={java_text(value.get(name), shape.members[name], quirks)}"
            for name in quirks.printed_orders.get(shape.name, shape.members)
        ),
        *(f"{name}=null" for name in quirks.unmodelled.get(shape.name, ())),
    ]
    return f"{shape.name}({', '.join(members)})"


REWRITTEN = {
    # EventBridge's patterns, rewritten for the same languages without exponential backtracking.
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$": r"\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*",
    r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"\t*[\x20-\x7E][\t\x20-\x7E]*",
    # CloudWatch's pattern without Unicode categories: any character except controls, separators and surrogates.
    r"[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]+": r"[^\x00-\x1F\x7F-\x9F\u2028\u2029\uD800-\uDFFF]+",
    # Letters, separators, numbers, punctuation and marks: all but symbols and controls, of which ASCII's are listed.
    r"^([\p{L}\p{Z}\p{N}\p{P}\p{M}]*)$": r"[^\x00-\x1F\x7F$+<=>^`|~]*",
}

_CLASSES = {
    # In the models, \p{L}, \p{N} and _ always stand in the same class, and together they are Python's \w.
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r"\u0020\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000",
    r"\p{ASCII}": r"[\x00-\x7F]",
    r"\w-": r"\w\-",
}


def java_pattern(source: str) -> re.Pattern[str]:
    """Compile a model's pattern for `fullmatch`, which is how AWS applies it."""
    flags = re.UNICODE if r"\p{L}" in source else re.ASCII
    source = REWRITTEN.get(source, source)
    for java, python in _CLASSES.items():
        source = source.replace(java, python)
    return re.compile(source, flags)
