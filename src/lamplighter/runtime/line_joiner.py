"""Joins the pieces in which long lines are kept.

Promises each line once, when it is complete, with the time of its first piece. Refuses to know where pieces come from.
"""

from lamplighter.runtime.port import OutputLine, Stream


class LineJoiner:
    """The lines that are not complete yet, one for each stream."""

    def __init__(self) -> None:
        self._open: dict[Stream, tuple[int, list[bytes]]] = {}

    def add(self, time: int, stream: Stream, piece: bytes, *, complete: bool) -> OutputLine | None:
        """Take the next piece of a stream; return the line that it completes, if it does."""
        began, pieces = self._open.pop(stream, (time, []))
        pieces.append(piece)
        if complete:
            return _line(began, stream, pieces)
        self._open[stream] = (began, pieces)
        return None

    def flush(self) -> list[OutputLine]:
        """Return the lines that nothing will complete any more."""
        return [_line(began, stream, pieces) for stream, (began, pieces) in self._open.items()]


def _line(time: int, stream: Stream, pieces: list[bytes]) -> OutputLine:
    return OutputLine(time, stream, b"".join(pieces).decode(errors="replace"))
