"""Define a line of a container's output."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Stream: TypeAlias = Literal["stdout", "stderr"]


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line of output without its line end, or a part of a line that is too long for one (`output_cursor.py`).

    Bytes that are not valid UTF-8 are replaced.
    """

    time: int
    stream: Stream
    text: str
