"""What AWS's messages owe to Java: the order of an enum's values, the text of a value, regular expressions.

AWS's services validate in Java, and their messages show it: a set is listed in the order of its hash table, a value as
its toString, a pattern in Java's dialect. Promises to reproduce all three by rule; refuses to judge anything.
"""

import re
from collections.abc import Iterable

from botocore.model import Shape

from lamplighter.base.json_text import Json

SECRET = "*** Sensitive Data Redacted ***"  # noqa: S105 - what AWS writes in place of one


def string_hash(text: str) -> int:
    """java.lang.String.hashCode, unsigned."""
    value = 0
    for unit in memoryview(text.encode("utf-16-le")).cast("H"):
        value = (31 * value + unit) & 0xFFFFFFFF
    return value


def set_order(values: Iterable[str]) -> list[str]:
    """The values in the order in which AWS lists an enum's.

    A hash table of at least 32 chains, three quarters full at most, a newcomer at the head of its chain. Seen to hold
    for every enum that AWS's recorded messages list: Step Functions, EventBridge, Kinesis, Cognito, DynamoDB, Lambda.
    """
    newest_first = list(values)[::-1]
    chains = 32
    while len(newest_first) > chains * 3 // 4:
        chains *= 2
    return sorted(newest_first, key=lambda value: string_hash(value) % chains)


def member_name(name: str) -> str:
    """A member as messages call it: `AuthorizationType` is `authorizationType`."""
    return name[:1].lower() + name[1:]


def java_text(value: Json, shape: Shape, unmodelled: dict[str, tuple[str, ...]]) -> str:
    """A value's toString; `unmodelled` names, by shape, the members that AWS prints beyond the public model."""
    if value is None:
        return "null"
    if "sensitive" in shape.metadata:
        return SECRET
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(java_text(item, shape.member, unmodelled) for item in value)}]"
    if not isinstance(value, dict) or shape.metadata.get("document"):
        return str(value)
    if shape.type_name == "map":
        return "{" + ", ".join(f"{key}={java_text(item, shape.value, unmodelled)}" for key, item in value.items()) + "}"
    members = [
        *(
            f"{member_name(name)}={java_text(value.get(name), member, unmodelled)}"
            for name, member in shape.members.items()
        ),
        *(f"{name}=null" for name in unmodelled.get(shape.name, ())),
    ]
    return f"{shape.name}({', '.join(members)})"


REWRITTEN = {
    # The same languages as EventBridge's, said so that no text takes exponential time to refuse.
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$": r"\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*",
    r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"\t*[\x20-\x7E][\t\x20-\x7E]*",
    # CloudWatch's, in a dialect without Unicode's categories: what is no control character, separator or surrogate.
    r"[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]+": r"[^\x00-\x1F\x7F-\x9F\u2028\u2029\uD800-\uDFFF]+",
}

_CLASSES = {
    # In the models \p{L}, \p{N} and _ always stand in one class, and together they are Python's \w.
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r"\u0020\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000",
    r"\p{ASCII}": r"[\x00-\x7F]",
    r"\w-": r"\w\-",
}


def java_pattern(source: str) -> re.Pattern[str]:
    """A model's pattern for `fullmatch`, which is how AWS applies it."""
    flags = re.UNICODE if r"\p{L}" in source else re.ASCII
    source = REWRITTEN.get(source, source)
    for java, python in _CLASSES.items():
        source = source.replace(java, python)
    return re.compile(source, flags)
