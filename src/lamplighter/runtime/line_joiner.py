"""Join the pieces in which long output lines are stored.

Guarantees that each line is returned once, when it is complete, with the time of its first piece.
"""

from lamplighter.runtime.port import OutputLine, Stream


class LineJoiner:
    """Joins pieces to lines; it holds one incomplete line for each stream."""

    def __init__(self) -> None:
        self._incomplete: dict[Stream, tuple[int, list[bytes]]] = {}

    def add(self, time: int, stream: Stream, piece: bytes, *, complete: bool) -> OutputLine | None:
        """Add the next piece of a stream; return the line that it completes, or None."""
        began, pieces = self._incomplete.pop(stream, (time, []))
        pieces.append(piece)
        if complete:
            return _line(began, stream, pieces)
        self._incomplete[stream] = (began, pieces)
        return None

    def flush(self) -> list[OutputLine]:
        """Return the incomplete lines, after the last piece was added."""
        return [_line(began, stream, pieces) for stream, (began, pieces) in self._incomplete.items()]


def _line(time: int, stream: Stream, pieces: list[bytes]) -> OutputLine:
    return OutputLine(time, stream, b"".join(pieces).decode(errors="replace"))
