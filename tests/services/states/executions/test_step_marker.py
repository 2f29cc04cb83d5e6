"""Mark the step that the engine currently computes, and read the mark of a crashed engine."""

from pathlib import Path

from lamplighter.services.states.steps.step_marker import StepMarker


def test_the_next_engine_reads_the_step_that_was_marked(tmp_path: Path) -> None:
    marker = StepMarker(tmp_path)
    with marker.mark_step("execution 1"):
        assert StepMarker(tmp_path).crashed_subject == "execution 1"
    assert marker.set("revision a")
    assert StepMarker(tmp_path).crashed_subject == "revision a"


def test_a_mark_that_is_already_set_is_not_written_again(tmp_path: Path) -> None:
    marker = StepMarker(tmp_path)
    assert [marker.set("a"), marker.set("a"), marker.set("b")] == [True, False, True]
    marker.clear()
    assert marker.set("b")


def test_a_closed_marker_leaves_no_mark_and_writes_to_no_other_file(tmp_path: Path) -> None:
    marker = StepMarker(tmp_path)
    marker.set("a")
    marker.close()
    with (tmp_path / "other").open("w+b") as other:  # it may have the descriptor of the closed file
        marker.set("a")
        assert other.read() == b""
    assert StepMarker(tmp_path).crashed_subject == ""


def test_a_name_longer_than_the_mark_is_truncated(tmp_path: Path) -> None:
    StepMarker(tmp_path).set("execution 1" + "x" * 100)
    assert StepMarker(tmp_path).crashed_subject.startswith("execution 1x")
