"""The spans of a run are its visits and attempts within each other, always the same for the same history."""

from dataclasses import replace

from lamplighter.base.json_text import Json, dumps
from lamplighter.runs.history import run_spans
from lamplighter.runs.history.run_spans import Span, TracedRun, spans_of_run
from lamplighter.runs.trace_ids import is_sampled, task_span_id, trace_id, traceparent
from tests.runs.histories import (
    TASK,
    Entry,
    begun,
    described,
    entered,
    exited,
    failed,
    scheduled,
    story,
    submitted,
    succeeded,
)

ARN = "arn:aws:states:us-east-1:123456789012:execution:nightly:x"
RUN = TracedRun(ARN, "nightly", "SUCCEEDED", from_job_file=False)
RETRIED = (
    begun(), entered("Run", 0), scheduled(2), submitted(3, "a"), failed(4, "a", 3), scheduled(5), submitted(6, "b"),
    succeeded(7, "b"), exited("Run", 8), ("ExecutionSucceeded", 9, {"output": "{}"}),
)  # fmt: skip
REDRIVEN = (
    begun(), entered("Run", 0), scheduled(2), failed(3, "a", 1), ("ExecutionFailed", 4, {"error": "States.TaskFailed"}),
    ("ExecutionRedriven", 5, {"redriveCount": 1}), scheduled(6), succeeded(7, "b"), exited("Run", 8),
    ("ExecutionSucceeded", 9, {"output": "{}"}),
)  # fmt: skip
BRANCHES = (
    begun(), entered("Both", 0, "Parallel"), ("ParallelStateStarted", 2, None), entered("Left", 3), scheduled(4),
    entered("Right", 3), scheduled(6), succeeded(5, "a"), exited("Left", 8), succeeded(7, "b"), exited("Right", 10),
    ("ParallelStateSucceeded", 11, None), exited("Both", 12, "Parallel"), ("ExecutionSucceeded", 13, {"output": "{}"}),
)  # fmt: skip


def make_spans(*entries: Entry, run: TracedRun = RUN) -> list[Span]:
    return spans_of_run(run, story(*entries))


def test_a_run_is_the_root_of_its_visits_and_these_of_their_attempts() -> None:
    run, visit, first, second = make_spans(*RETRIED)
    assert [each.name for each in (run, visit, first, second)] == ["nightly", "Run", "Run: attempt 1", "Run: attempt 2"]
    assert {each.trace for each in (run, visit, first, second)} == {trace_id(ARN)}
    assert (run.parent, visit.parent, first.parent, second.parent) == ("", run.id, visit.id, visit.id)
    assert (run.start, run.end, visit.start, visit.end) == (1000, 10_000, 2000, 9000)
    assert run.error is None
    assert run.attributes["lamplighter.status"] == "SUCCEEDED"
    assert visit.error is None, "the state succeeded in the end"
    assert (first.attributes["process.exit.code"], second.attributes["process.exit.code"]) == (3, 0)
    assert (first.attributes["lamplighter.attempt"], second.attributes["lamplighter.attempt"]) == (1, 2)
    assert first.attributes["aws.ecs.task.arn"] == f"{TASK}a"
    assert first.error is not None
    assert first.error.startswith("States.TaskFailed")


def test_a_container_knows_the_span_of_its_attempt() -> None:
    attempts = [each for each in make_spans(*RETRIED) if each.kind == "CLIENT"]
    for span, task in zip(attempts, (f"{TASK}a", f"{TASK}b"), strict=True):
        assert span.id == task_span_id(task)
        assert traceparent(ARN, task, sampled=True) == f"00-{span.trace}-{span.id}-01"
    assert traceparent(ARN, "t", sampled=False).endswith("-00")


def test_the_same_history_gives_the_same_spans_and_no_two_spans_have_one_id() -> None:
    for entries in (RETRIED, REDRIVEN, BRANCHES):
        assert make_spans(*entries) == make_spans(*entries)
        ids = [each.id for each in make_spans(*entries)]
        assert len(set(ids)) == len(ids)
        assert all(len(each) == 16 for each in ids)


def test_a_failed_run_has_its_error_and_so_has_the_state_that_was_not_left() -> None:
    ended: Entry = ("ExecutionFailed", 5, {"error": "States.TaskFailed", "cause": "exit 3"})
    run, visit, _ = make_spans(*RETRIED[:5], ended, run=replace(RUN, status="FAILED"))
    assert (run.error, run.attributes["error.type"]) == ("States.TaskFailed: exit 3", "States.TaskFailed")
    assert visit.error == "States.TaskFailed"
    assert visit.end == run.end


def test_the_description_of_a_task_is_not_sent_but_its_reason_is() -> None:
    """The description has the environment of the container, which may be secret."""
    cause = dumps(described("b", 3) | {"StoppedReason": "Essential container in task exited"})
    ended: Entry = ("ExecutionFailed", 5, {"error": "States.TaskFailed", "cause": cause})
    run = make_spans(*RETRIED[:5], ended)[0]
    assert run.error == "States.TaskFailed: Essential container in task exited"
    long: Entry = ("ExecutionFailed", 5, {"error": "Broken", "cause": "x" * 5_000})
    assert len(make_spans(*RETRIED[:5], long)[0].error or "") < 1_000


def test_a_run_that_has_not_ended_has_no_spans() -> None:
    assert make_spans(*RETRIED[:6]) == []


def test_the_states_of_a_branch_are_within_their_parallel() -> None:
    found = {each.name: each for each in make_spans(*BRANCHES)}
    assert found["Left"].parent == found["Right"].parent == found["Both"].id
    assert found["Both"].parent == found["nightly"].id


def test_the_last_part_of_a_redriven_run_is_a_span_within_the_first() -> None:
    before = make_spans(*REDRIVEN[:5])
    after = make_spans(*REDRIVEN)
    assert [each.name for each in after] == ["nightly (redrive 1)", "Run", "Run: attempt 2"]
    assert after[0].parent == before[0].id
    assert (after[0].trace, after[0].start, after[1].start) == (before[0].trace, 6000, 6000)
    assert after[0].attributes["lamplighter.redrive"] == 1
    assert not {each.id for each in before} & {each.id for each in after}


def test_helper_states_of_a_job_file_have_no_span_and_what_is_within_them_moves_up() -> None:
    entries = (
        begun(), entered("Begin", 0, "Pass"), exited("Begin", 2, "Pass"), entered("Run", 3), scheduled(4),
        succeeded(5, "a"), exited("Run", 6), entered("Tell team", 7), exited("Tell team", 8),
        ("ExecutionSucceeded", 9, {"output": "{}"}),
    )  # fmt: skip
    assert [each.name for each in make_spans(*entries, run=replace(RUN, from_job_file=True))] == [
        "nightly", "Run", "Run: attempt 1",
    ]  # fmt: skip
    assert len(make_spans(*entries)) == 5


def test_a_child_of_a_map_run_belongs_to_the_trace_of_the_run_around_it() -> None:
    parent, map_run = "arn:aws:states:us-east-1:1:execution:m:p", "arn:aws:states:us-east-1:1:mapRun:m/l:u"
    around: Json = {"mapRunArn": map_run}
    outer = spans_of_run(
        replace(RUN, arn=parent),
        story(
            begun(), entered("Files", 0, "Map"), ("MapRunStarted", 2, around), ("MapRunSucceeded", 3, around),
            exited("Files", 4, "Map"), ("ExecutionSucceeded", 5, {"output": "{}"}),
        ),
    )  # fmt: skip
    inner = make_spans(*RETRIED, run=replace(RUN, root=parent, map_run=map_run))
    assert inner[0].trace == outer[0].trace
    assert inner[0].parent == outer[-1].id
    assert outer[-1].attributes["lamplighter.map_run_arn"] == map_run


def test_a_scheduled_run_tells_its_time() -> None:
    assert make_spans(*RETRIED)[0].attributes["lamplighter.trigger"] == "request"
    found = make_spans(*RETRIED, run=replace(RUN, scheduled="2026-01-01T02:00:00Z"))[0].attributes
    assert (found["lamplighter.trigger"], found["lamplighter.scheduled_time"]) == ("schedule", "2026-01-01T02:00:00Z")


def test_a_run_with_too_many_spans_tells_how_many_are_left_out() -> None:
    visits = [
        entry
        for at in range(run_spans.MAX_SPANS + 5)
        for entry in (entered("A", 2 * at + 1, "Pass"), exited("A", 2 * at + 2, "Pass"))
    ]
    end: Entry = ("ExecutionSucceeded", len(visits) + 1, {"output": "{}"})
    found = make_spans(begun(), *visits, end)
    assert len(found) == run_spans.MAX_SPANS
    assert found[0].attributes["lamplighter.spans_left_out"] == 6


def test_the_share_of_sampled_traces_is_that_of_the_ratio() -> None:
    ids = [trace_id(f"{ARN}{at}") for at in range(2_000)]
    assert not any(is_sampled(each, 0) for each in ids)
    assert all(is_sampled(each, 1) for each in ids)
    assert 400 < sum(is_sampled(each, 0.25) for each in ids) < 600
