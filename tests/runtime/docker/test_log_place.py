"""From any place in Docker's log the rest can be read, each frame once, whatever the clock did."""

from itertools import dropwhile

from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter.base.json_text import dump_bytes, loads
from lamplighter.runtime.docker.log_place import LogPlace
from lamplighter.runtime.docker.log_stream import LogFrame
from lamplighter.runtime.output_cursor import OutputCursor
from lamplighter.runtime.output_line import Stream

START = 1_767_225_600 * 10**9
SECOND = 10**9
STEPS = (-3_600 * SECOND, -5_000, -1, 0, 1, 999, 1_000, 400_000_000, SECOND, SECOND + 2_000, 5 * SECOND)
"""Nanoseconds from one frame to the next: the clock may be set back, and streams overtake each other."""
WRITES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(("stdout", "stderr")), st.sampled_from((0, 0, 2))), max_size=40
)


def make_frames(writes: list[tuple[int, Stream, int]]) -> list[LogFrame]:
    """Return frames: each write adds a line, or the first frame of one; a later frame has its stamp, too."""
    frames, now, open_lines = list[LogFrame](), START, list[LogFrame]()
    for step, stream, more in writes:
        now += step
        frame = LogFrame(now // 10**6, now, stream, b"%d" % len(frames), complete=not more)
        frames.append(frame)
        if more:
            open_lines.append(frame)
        elif open_lines and len(frames) % 3 == 0:
            begun = open_lines.pop(0)
            frames.append(LogFrame(begun.time, begun.stamp, begun.stream, b"%d" % len(frames), complete=True))
    return frames


def docker_log(frames: list[LogFrame], place: LogPlace, *, old: bool = False) -> list[LogFrame]:
    """Return what Docker returns for the place: from the first frame of `since` on; an old one filters each frame."""
    seconds, _, nanoseconds = place.query.get("since", "0.000000000").partition(".")
    since = int(seconds) * SECOND + int(nanoseconds)
    assert len(nanoseconds) == 9
    if old:
        return [each for each in frames if each.stamp >= since]
    return list(dropwhile(lambda each: each.stamp < since, frames))


def pass_frames(place: LogPlace, cursor: OutputCursor, frames: list[LogFrame]) -> None:
    for each in frames:
        place.pass_frame(each, is_within_line=cursor.is_within_line)
        list(cursor.add(each.time, each.stream, each.piece, complete=each.complete))


@given(WRITES, st.lists(st.integers(0, 40), max_size=4))
@example(
    [(5 * SECOND, "stdout", 0)] * 3 + [(-3_600 * SECOND, "stdout", 0)] + [(5 * SECOND, "stderr", 0)] * 3, [3, 4, 5]
)
def test_the_rest_is_read_from_any_place_each_frame_once(
    writes: list[tuple[int, Stream, int]], stops: list[int]
) -> None:
    frames, place, cursor, at = make_frames(writes), LogPlace(None), OutputCursor(), 0
    for stop in sorted(min(each, len(frames)) for each in stops):
        pass_frames(place, cursor, frames[at:stop])
        at = stop
        if at % 2:  # another engine
            place = LogPlace(loads(dump_bytes(place.document)))
        assert docker_log(frames, place)[place.frames :] == frames[at:]
        assert docker_log(frames[:at], place, old=True)[place.frames :] == []


def test_the_place_goes_on_with_the_log_so_that_docker_does_not_return_all_of_it() -> None:
    frames, place = make_frames([(400_000_000, "stdout", 0), (1_500, "stderr", 0)] * 500), LogPlace(None)
    most = 0
    for each in frames:
        place.pass_frame(each, is_within_line=False)
        most = max(most, len(docker_log(frames[: frames.index(each) + 1], place)))
    assert most <= 14, "a candidate waits for more than a second"


def test_a_long_line_of_one_stream_does_not_send_the_other_back_to_the_beginning() -> None:
    place, cursor = LogPlace(None), OutputCursor()
    line = [LogFrame(0, START, "stdout", b"x", complete=False)]
    others = [LogFrame(0, START + at * SECOND, "stderr", b"y", complete=True) for at in range(1, 10)]
    before = [LogFrame(0, START - at * SECOND, "stdout", b"z", complete=True) for at in (9, 6, 3)]
    frames = [*before, *line, *(each for other in others for each in (other, *line))]
    pass_frames(place, cursor, frames)
    assert place.query == {"since": f"{(START - 3 * SECOND) // SECOND}.000001000"}
    assert docker_log(frames, place)[place.frames :] == []


def test_a_clock_that_is_set_back_is_the_only_reason_to_count_from_the_beginning() -> None:
    place, cursor = LogPlace(None), OutputCursor()
    frames = [LogFrame(0, START + at * SECOND, "stdout", b"x", complete=True) for at in (0, 5, 10, 15)]
    pass_frames(place, cursor, frames)
    assert place.query
    pass_frames(place, cursor, [LogFrame(0, START, "stdout", b"x", complete=True)])
    assert (place.query, place.frames) == ({}, 5)
