"""Generate names for resources without a name: the stack, the logical id, and twelve random letters and digits.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html.
"""

import string
from collections.abc import Callable

ALPHANUMERICS = string.ascii_letters + string.digits
RANDOM_LENGTH = 12


def physical_name(random: Callable[[], float], stack: str, logical: str, max_length: int) -> str:
    """Return a name that no other resource has; a stack name and a logical id that are too long are truncated."""
    suffix = "".join(ALPHANUMERICS[int(random() * len(ALPHANUMERICS))] for _ in range(RANDOM_LENGTH))
    room = max_length - RANDOM_LENGTH - 1
    if not stack:
        return f"{logical[:room]}-{suffix}"
    room -= 1
    head = stack[: max(room - len(logical), room // 2)]
    return f"{head}-{logical[: room - len(head)]}-{suffix}"
