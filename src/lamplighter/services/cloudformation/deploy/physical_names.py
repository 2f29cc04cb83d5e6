"""Generate names for resources without a name: the stack, the logical id, and twelve random letters and digits.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html.
"""

import string
from collections.abc import Callable

LETTERS = string.ascii_letters + string.digits
RANDOM = 12


def physical_name(chance: Callable[[], float], stack: str, logical: str, longest: int) -> str:
    """Return a name that no other resource has; a stack name and a logical id that are too long are truncated."""
    tail = random_text(chance)
    room = longest - RANDOM - 1
    if not stack:
        return f"{logical[:room]}-{tail}"
    room -= 1
    kept = max(room - len(logical), room // 2)
    head = stack[:kept]
    return f"{head}-{logical[: room - len(head)]}-{tail}"


def random_text(chance: Callable[[], float], alphabet: str = LETTERS, many: int = RANDOM) -> str:
    """Return random letters and digits."""
    return "".join(alphabet[int(chance() * len(alphabet))] for _ in range(many))
