"""Parallel and Map.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html and state-map-inline.html
"""

import pytest

from lamplighter.asl.execution.messages import CancelTask, ClearTimer, StartTask, TaskSucceeded
from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import SimulatedExecution, only, play

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}


def branch(name: str, state: Json) -> Json:
    """A block of one state."""
    return {"StartAt": name, "States": {name: state}}


def parallel(*states: Json, **fields: Json) -> Json:
    """A Parallel with a branch for each of these states, named A, B, …"""
    return {"Type": "Parallel", "Branches": [branch(chr(65 + at), each) for at, each in enumerate(states)], **fields}


def mapped(state: Json, **fields: Json) -> Json:
    """A Map whose processor is one state."""
    return {"Type": "Map", "ItemProcessor": branch("Item", state), **fields}


def last(night: SimulatedExecution, kind: type[StartTask | CancelTask | ClearTimer]) -> list[tuple[int, int]]:
    """What the last step asked for, of one kind."""
    return [(each.frame, each.number) for each in night.scenes[-1].step.commands if isinstance(each, kind)]


def test_branches_get_the_same_input_and_their_outputs_come_in_their_order() -> None:
    night = only(parallel(TASK, {"Type": "Pass", "End": True}, TASK), {"n": 1})
    assert [work.parameters for work in night.work.values()] == [{"n": 1}, {"n": 1}]
    night.succeed("third", "C")
    night.succeed("first", "A")
    assert night.output == ["first", {"n": 1}, "third"]


def test_a_branch_that_fails_calls_its_siblings_off_with_their_work_and_timers() -> None:
    retrying = {**TASK, "Retry": [{"ErrorEquals": ["Boom"]}]}
    night = play(
        {
            "Fan": parallel(
                {**TASK, "TimeoutSeconds": 60, "HeartbeatSeconds": 5},
                {"Type": "Wait", "Seconds": 9, "End": True},
                retrying,
                TASK,
                Catch=[{"ErrorEquals": ["Bang"], "Next": "Clean"}],
                End=True,
            ),
            "Clean": {"Type": "Wait", "Seconds": 1, "End": True},
        }
    )
    night.fail("Boom", state="C")
    work, timers = night.named("A"), set(night.timers)
    assert len(timers) == 4
    night.fail("Bang", state="D")
    assert last(night, CancelTask) == [work]
    assert set(last(night, ClearTimer)) == timers
    assert [frame.state for frame in night.execution.frames.values()] == ["Clean"]


def test_the_error_of_a_branch_is_that_of_the_parallel() -> None:
    night = only(parallel(TASK, TASK))
    night.fail("Boom", "why", state="B")
    assert (night.finish.error, night.finish.cause) == ("Boom", "why")
    assert night.types[-2:] == ["ParallelStateFailed", "ExecutionFailed"]


def test_a_failure_deep_inside_calls_off_all_that_is_nested() -> None:
    night = play(
        {
            "Fan": {
                "Type": "Parallel",
                "End": True,
                "Branches": [
                    branch(
                        "Deep",
                        {
                            "Type": "Parallel",
                            "End": True,
                            "Branches": [branch("One", TASK), branch("Each", mapped(TASK, End=True))],
                        },
                    ),
                    {
                        "StartAt": "Wait",
                        "States": {
                            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Bad"},
                            "Bad": {"Type": "Fail", "Error": "Bad"},
                        },
                    },
                ],
            }
        },
        [1, 2],
    )
    work = set(night.work)
    assert len(work) == 3
    night.fire_timer()
    assert set(last(night, CancelTask)) == work
    assert night.finish.error == "Bad"


def test_a_late_answer_of_a_sibling_that_was_called_off_does_not_count_for_the_next_attempt() -> None:
    night = only(parallel(TASK, TASK, Retry=[{"ErrorEquals": ["Boom"]}]))
    late = night.named("A")
    night.fail("Boom", state="B")
    night.fire_timer()
    night.tell(TaskSucceeded(*late, "late"))
    assert len(night.work) == 2
    night.succeed("a", "A")
    night.succeed("b", "B")
    assert night.output == ["a", "b"]


@pytest.mark.parametrize(("limit", "expected"), [(0, 40), (1, 1), (3, 3), (40, 40), (1000, 40)])
def test_so_many_items_are_worked_on_at_once(limit: int, expected: int) -> None:
    """ "Up to 40 concurrent iterations"; 0, the default, means no limit of its own."""
    night = only(mapped(TASK, MaxConcurrency=limit), list(range(50)))
    assert len(night.work) == len(night.execution.frames) - 1 == expected
    night.tell(TaskSucceeded(*next(iter(night.work)), None))
    assert len(night.work) == expected
    assert len(last(night, StartTask)) == 1


def test_results_are_in_the_order_of_the_items_whatever_came_first() -> None:
    night = only(mapped(TASK), ["a", "b", "c"])
    for name, work in reversed(list(night.work.items())):
        night.tell(TaskSucceeded(*name, f"{work.parameters}!"))
    assert night.output == ["a!", "b!", "c!"]


def test_a_map_of_nothing_is_an_empty_list() -> None:
    night = only(mapped(TASK), [])
    assert night.output == []
    assert night.types[2:5] == ["MapStateStarted", "MapStateSucceeded", "MapStateExited"]


def test_an_item_selector_sees_the_item_its_index_and_the_input_of_the_map() -> None:
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.all"}
    night = only(
        mapped({"Type": "Pass", "End": True}, ItemsPath="$.list", ItemSelector=selector), {"list": ["x", "y"], "all": 7}
    )
    assert night.output == [{"i": 0, "v": "x", "all": 7}, {"i": 1, "v": "y", "all": 7}]


def test_parameters_of_a_map_is_the_older_name_of_item_selector_and_iterator_of_item_processor() -> None:
    old = {
        "Type": "Map",
        "Iterator": branch("Item", {"Type": "Pass", "End": True}),
        "Parameters": {"v.$": "$$.Map.Item.Value"},
    }
    assert only(old, [1]).output == [{"v": 1}]


def test_the_context_of_a_nested_map_is_that_of_the_innermost() -> None:
    inner = mapped({"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index"}, "End": True}, End=True)
    night = only({"Type": "Map", "ItemProcessor": branch("Outer", inner)}, [["a"], ["b", "c"]])
    assert night.output == [[{"i": 0}], [{"i": 0}, {"i": 1}]]


def test_items_that_are_no_list_end_the_execution() -> None:
    assert only(mapped(TASK), {"a": 1}).finish.error == "States.Runtime"


def test_an_item_that_fails_calls_the_others_off_and_starts_none() -> None:
    night = only(mapped(TASK, MaxConcurrency=2), [1, 2, 3])
    first, second = night.work
    night.tell(TaskSucceeded(*first, None))
    third = next(name for name in night.work if name != second)
    night.fail_at(second, "Boom")
    assert last(night, CancelTask) == [third]
    assert last(night, StartTask) == []
    assert [kind for kind in night.types if "Iteration" in kind][-2:] == ["MapIterationFailed", "MapIterationAborted"]


def test_a_retry_of_a_map_does_all_its_items_again() -> None:
    night = only(mapped(TASK, MaxConcurrency=1, Retry=[{"ErrorEquals": ["Boom"]}]), ["a", "b"])
    night.succeed("old")
    night.fail("Boom")
    night.fire_timer()
    night.succeed("new a")
    night.succeed("new b")
    assert night.output == ["new a", "new b"]


def test_a_result_of_all_branches_that_is_too_large_can_be_caught_by_name() -> None:
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught"}]
    half = "x" * 140_000
    night = play({"Fan": parallel(TASK, TASK, Catch=catch, End=True), "Caught": {"Type": "Succeed"}})
    night.succeed(half, "A")
    night.succeed(half, "B")
    assert night.output["Error"] == "States.DataLimitExceeded"


def test_a_selector_that_fails_for_a_later_item_stops_the_map() -> None:
    items = [{"v": 1}, {"v": 2}, {}]
    body = mapped(
        TASK, Items=items, MaxConcurrency=2, ItemSelector={"v": "{% $states.context.Map.Item.Value.v %}"}, End=True
    )
    night = play({"Each": body}, QueryLanguage="JSONata")
    first, second = night.work
    night.tell(TaskSucceeded(*first, None))
    assert last(night, CancelTask) == [second]
    assert night.finish.error == "States.QueryEvaluationError"


def test_what_items_came_to_is_forgotten_when_the_map_is_called_off() -> None:
    each = mapped(TASK, End=True)
    night = play(
        {
            "Fan": parallel(each, TASK, Catch=[{"ErrorEquals": ["Boom"], "Next": "Clean"}], End=True),
            "Clean": {"Type": "Wait", "Seconds": 1, "End": True},
        },
        ["a", "b"],
    )
    item = next(name for name in night.work if night.frame(name).state == "Item")
    night.tell(TaskSucceeded(*item, "done"))
    assert list(night.execution.results.values()) == [{0: '"done"'}]
    night.fail("Boom", state="B")
    assert night.execution.results == {}
