"""Read a size of memory, as a job file and the options of `up` have it: 512, 512 MB, 2 GB, 8G or 1.5 GiB.

A number without a unit is MiB, as in ECS. Units are powers of 1024, as in ECS, whether the size says GB or GiB.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size.
"""

import re

_SIZE = re.compile(
    r"(?P<number>[0-9]{1,18}(\.[0-9]{1,18})?|\.[0-9]{1,18})\s*((?P<unit>[kmgt])(i?b)?)?", re.IGNORECASE | re.ASCII
)
_MIB_PER_UNIT = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024**2}


def parse_memory_size(text: str) -> int | None:
    """Return a size in MiB; None if the text is no size, a part of a MiB without a unit, or less than one MiB."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or not (found["unit"] or found["number"].isdecimal()):
        return None
    unit = (found["unit"] or "m").lower()
    return round(float(found["number"]) * _MIB_PER_UNIT[unit]) or None
