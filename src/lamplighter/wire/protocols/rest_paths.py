"""Turn the paths of a REST protocol's operations into regular expressions.

See https://smithy.io/2.0/spec/http-bindings.html#httplabel-trait.
"""

import re


def path_pattern(uri: str) -> str:
    """Return the expression for a path: `{Name}` matches one segment, still encoded, and `{Name+}` several."""
    pieces = re.split(r"\{(\w+)(\+?)\}", uri)
    source = re.escape(pieces[0])
    for name, greedy, literal in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        source += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(literal)}"
    return source
