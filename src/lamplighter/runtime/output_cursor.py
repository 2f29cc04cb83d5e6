"""Stand between two lines of a container's output, and join the pieces in which a runtime stores long lines.

Guarantees that each line is returned once, when it is complete, with the time of its first piece. A line of more than
`MAX_MESSAGE_BYTES` is returned in parts of that size, as soon as each is there, so that memory is bounded. A part ends
within a character only if the bytes around it are not valid UTF-8. The cost is linear in the bytes.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from lamplighter.base.json_text import Json
from lamplighter.base.log_batches import MAX_MESSAGE_BYTES, cut_place
from lamplighter.runtime.output_line import OutputLine, Stream


@dataclass(slots=True)
class _PartialLine:
    time: int
    text: bytearray = field(default_factory=bytearray)
    complete: bool = False
    """Whether the text has the end of its line; then only its first part was returned so far."""


class OutputCursor:
    """A place in the output of one container, which the runtime moves before it yields each line.

    It can be written as JSON, and read back by another engine.
    """

    def __init__(self, place: Json = None) -> None:
        self.place = place
        """The runtime's own description of what it reads next; None is the beginning."""
        self._partial: dict[Stream, _PartialLine] = {}

    @property
    def is_within_line(self) -> bool:
        """Return whether the place is after a part of a line, of any stream."""
        return bool(self._partial)

    def add(self, time: int, stream: Stream, piece: bytes, *, complete: bool) -> Iterator[OutputLine]:
        """Add the piece before the place; yield what it completes, and first what an earlier reading left of a line."""
        if complete and not self._partial and len(piece) <= MAX_MESSAGE_BYTES:
            yield OutputLine(time, stream, piece.decode(errors="replace"))
            return
        for name in [name for name, partial in self._partial.items() if partial.complete]:
            yield from self._take(name, time)
        partial = self._partial.setdefault(stream, _PartialLine(time))
        partial.text += piece
        partial.complete = complete
        yield from self._take(stream, time)

    def flush(self) -> Iterator[OutputLine]:
        """Yield the incomplete lines, after the last piece was added."""
        for stream, partial in list(self._partial.items()):
            partial.complete = True
            yield from self._take(stream, partial.time)

    def _take(self, stream: Stream, time: int) -> Iterator[OutputLine]:
        """Yield what is long enough or complete; what remains has begun at `time`."""
        partial = self._partial[stream]
        while len(partial.text) > MAX_MESSAGE_BYTES:
            end = cut_place(partial.text, MAX_MESSAGE_BYTES)
            line = OutputLine(partial.time, stream, partial.text[:end].decode(errors="replace"))
            del partial.text[:end]
            partial.time = time
            yield line
        if partial.complete:
            del self._partial[stream]
            yield OutputLine(partial.time, stream, partial.text.decode(errors="replace"))

    def document(self) -> Json:
        """Return the cursor as JSON."""
        partial = {
            stream: [each.time, b64encode(each.text).decode(), each.complete] for stream, each in self._partial.items()
        }
        return {"place": self.place, "partial": partial}

    @classmethod
    def of_document(cls, document: Json) -> Self:
        """Return the cursor that `document` described."""
        cursor = cls(document["place"])
        for stream, (time, text, complete) in document["partial"].items():
            cursor._partial[stream] = _PartialLine(time, bytearray(b64decode(text)), complete)
        return cursor
