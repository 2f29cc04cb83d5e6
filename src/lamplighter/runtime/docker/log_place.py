"""Find a place in Docker's log from which Docker can read on without all that is before it.

Docker begins with the first message that is stamped at or after `since` (versions before 23 leave out each earlier
one); all parts of a long line have the stamp of the first. Stamps are not strictly in order, because the two streams
are written independently, and the clock may be set back. Guarantees that a place is always correct: the frames from
`since` on that were read, none of which has an earlier stamp. A later `since` is first a candidate, until it is certain
that no frame was under way. If a frame comes before `since` after all, the place is a count from the beginning again.
"""

from lamplighter.base.json_text import Json
from lamplighter.runtime.docker.log_stream import LogFrame

_SETTLED_NANOSECONDS = 1_000_000_000
"""A candidate becomes `since` with a frame so much later: frames of the other stream have arrived by then."""
_MICROSECOND = 1_000
"""journald, from which Docker may read, keeps no finer times."""


class LogPlace:
    """The place after the frames that were read."""

    def __init__(self, document: Json) -> None:
        since, frames, total, latest = document or (0, 0, 0, 0)
        self._since: int = since
        self.frames: int = frames
        """The frames from `since` on that were read."""
        self._total: int = total
        self._latest: int = latest
        self._candidate: int | None = None
        self._candidate_frames = 0

    @property
    def document(self) -> Json:
        """The place as JSON: nanoseconds, the frames from then on that were read, all frames, and the latest stamp."""
        return [self._since, self.frames, self._total, self._latest]

    @property
    def query(self) -> dict[str, str]:
        """The parameters with which Docker returns the log from `since` on."""
        seconds, nanoseconds = divmod(self._since, 10**9)
        return {"since": f"{seconds}.{nanoseconds:09}"} if self._since else {}

    def pass_frame(self, frame: LogFrame, *, is_within_line: bool) -> None:
        """Move behind the next frame. The rest of a line will have an early stamp: no candidate begins within one."""
        self._total += 1
        self.frames += 1
        if frame.stamp < self._since:
            self._since, self.frames = 0, self._total
        if self._candidate is None and not is_within_line:
            self._candidate, self._candidate_frames = (self._latest // _MICROSECOND + 1) * _MICROSECOND, 0
        self._latest = max(self._latest, frame.stamp)
        self._count_for_candidate(frame.stamp)

    def _count_for_candidate(self, stamp: int) -> None:
        self._candidate_frames += 1
        if self._candidate is None or stamp < self._candidate:
            self._candidate = None
        elif stamp > self._candidate + _SETTLED_NANOSECONDS:
            self._since, self.frames, self._candidate = self._candidate, self._candidate_frames, None
