"""The mark of the step that is under way."""

from pathlib import Path

from lamplighter.services.states.executions.step_marker import StepMarker


def test_a_successor_knows_what_was_marked_until_it_was_cleared(tmp_path: Path) -> None:
    killed = StepMarker(tmp_path)
    with killed.mark_step("execution 1"):
        assert StepMarker(tmp_path).crashed_subject == "execution 1"
    assert killed.set("revision a")
    assert StepMarker(tmp_path).crashed_subject == "revision a"


def test_a_mark_that_is_set_is_not_written_again(tmp_path: Path) -> None:
    mark = StepMarker(tmp_path)
    assert [mark.set("a"), mark.set("a"), mark.set("b")] == [True, False, True]
    mark.clear()
    assert mark.set("b")


def test_who_stops_in_good_order_leaves_no_mark_and_a_late_word_harms_no_other_file(tmp_path: Path) -> None:
    mark = StepMarker(tmp_path)
    mark.set("a")
    mark.close()
    with (tmp_path / "other").open("w+b") as other:  # it may have the number that the closed file had
        mark.set("a")
        assert other.read() == b""
    assert StepMarker(tmp_path).crashed_subject == ""


def test_a_name_that_is_longer_than_the_mark_is_cut(tmp_path: Path) -> None:
    StepMarker(tmp_path).set("execution 1" + "x" * 100)
    assert StepMarker(tmp_path).crashed_subject.startswith("execution 1x")
