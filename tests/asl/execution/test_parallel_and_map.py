"""The states Parallel and Map.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html and state-map-inline.html
"""

import pytest

from lamplighter.asl.execution.messages import CancelTask, ClearTimer, StartTask, TaskSucceeded
from lamplighter.base.json_text import Json
from tests.asl.simulated_execution import SimulatedExecution, simulate, simulate_state

TASK: Json = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}


def branch(name: str, state: Json) -> Json:
    """Return a block of one state."""
    return {"StartAt": name, "States": {name: state}}


def parallel(*states: Json, **fields: Json) -> Json:
    """Return a Parallel with a branch for each of these states, named A, B, …"""
    return {"Type": "Parallel", "Branches": [branch(chr(65 + at), each) for at, each in enumerate(states)], **fields}


def map_state(state: Json, **fields: Json) -> Json:
    """Return a Map whose processor is one state."""
    return {"Type": "Map", "ItemProcessor": branch("Item", state), **fields}


def last_commands(
    simulated: SimulatedExecution, kind: type[StartTask | CancelTask | ClearTimer]
) -> list[tuple[int, int]]:
    """Return the frames and numbers of the last step's commands of one kind."""
    return [(each.frame, each.number) for each in simulated.steps[-1].step.commands if isinstance(each, kind)]


def test_branches_get_the_same_input_and_the_output_keeps_their_order() -> None:
    simulated = simulate_state(parallel(TASK, {"Type": "Pass", "End": True}, TASK), {"n": 1})
    assert [task.parameters for task in simulated.tasks.values()] == [{"n": 1}, {"n": 1}]
    simulated.succeed("third", "C")
    simulated.succeed("first", "A")
    assert simulated.output == ["first", {"n": 1}, "third"]


def test_a_failed_branch_cancels_the_tasks_and_timers_of_its_siblings() -> None:
    retrying = {**TASK, "Retry": [{"ErrorEquals": ["Boom"]}]}
    simulated = simulate(
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
    simulated.fail("Boom", state="C")
    task, timers = simulated.task_key("A"), set(simulated.timers)
    assert len(timers) == 4
    simulated.fail("Bang", state="D")
    assert last_commands(simulated, CancelTask) == [task]
    assert set(last_commands(simulated, ClearTimer)) == timers
    assert [frame.state for frame in simulated.execution.frames.values()] == ["Clean"]


def test_the_error_of_a_branch_is_the_error_of_the_parallel() -> None:
    simulated = simulate_state(parallel(TASK, TASK))
    simulated.fail("Boom", "why", state="B")
    assert (simulated.finish.error, simulated.finish.cause) == ("Boom", "why")
    assert simulated.types[-2:] == ["ParallelStateFailed", "ExecutionFailed"]


def test_a_failed_branch_cancels_all_nested_tasks() -> None:
    simulated = simulate(
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
                            "Branches": [branch("One", TASK), branch("Each", map_state(TASK, End=True))],
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
    tasks = set(simulated.tasks)
    assert len(tasks) == 3
    simulated.fire_timer()
    assert set(last_commands(simulated, CancelTask)) == tasks
    assert simulated.finish.error == "Bad"


def test_a_late_answer_of_a_cancelled_sibling_does_not_count_for_the_next_attempt() -> None:
    simulated = simulate_state(parallel(TASK, TASK, Retry=[{"ErrorEquals": ["Boom"]}]))
    late = simulated.task_key("A")
    simulated.fail("Boom", state="B")
    simulated.fire_timer()
    simulated.send(TaskSucceeded(*late, "late"))
    assert len(simulated.tasks) == 2
    simulated.succeed("a", "A")
    simulated.succeed("b", "B")
    assert simulated.output == ["a", "b"]


@pytest.mark.parametrize(("limit", "expected"), [(0, 40), (1, 1), (3, 3), (40, 40), (1000, 40)])
def test_max_concurrency_limits_the_items_that_run_at_the_same_time(limit: int, expected: int) -> None:
    """ "Up to 40 concurrent iterations"; 0, the default, sets no lower limit."""
    simulated = simulate_state(map_state(TASK, MaxConcurrency=limit), list(range(50)))
    assert len(simulated.tasks) == len(simulated.execution.frames) - 1 == expected
    simulated.send(TaskSucceeded(*next(iter(simulated.tasks)), None))
    assert len(simulated.tasks) == expected
    assert len(last_commands(simulated, StartTask)) == 1


def test_results_are_in_the_order_of_the_items_and_not_of_completion() -> None:
    simulated = simulate_state(map_state(TASK), ["a", "b", "c"])
    for key, task in reversed(list(simulated.tasks.items())):
        simulated.send(TaskSucceeded(*key, f"{task.parameters}!"))
    assert simulated.output == ["a!", "b!", "c!"]


def test_a_map_without_items_outputs_an_empty_array() -> None:
    simulated = simulate_state(map_state(TASK), [])
    assert simulated.output == []
    assert simulated.types[2:5] == ["MapStateStarted", "MapStateSucceeded", "MapStateExited"]


def test_an_item_selector_sees_the_item_its_index_and_the_input_of_the_map() -> None:
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.all"}
    simulated = simulate_state(
        map_state({"Type": "Pass", "End": True}, ItemsPath="$.list", ItemSelector=selector),
        {"list": ["x", "y"], "all": 7},
    )
    assert simulated.output == [{"i": 0, "v": "x", "all": 7}, {"i": 1, "v": "y", "all": 7}]


def test_parameters_is_the_old_name_of_item_selector_and_iterator_of_item_processor() -> None:
    old = {
        "Type": "Map",
        "Iterator": branch("Item", {"Type": "Pass", "End": True}),
        "Parameters": {"v.$": "$$.Map.Item.Value"},
    }
    assert simulate_state(old, [1]).output == [{"v": 1}]


def test_the_context_shows_the_item_of_the_innermost_map() -> None:
    inner = map_state({"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index"}, "End": True}, End=True)
    simulated = simulate_state({"Type": "Map", "ItemProcessor": branch("Outer", inner)}, [["a"], ["b", "c"]])
    assert simulated.output == [[{"i": 0}], [{"i": 0}, {"i": 1}]]


def test_items_that_are_not_an_array_fail_the_execution() -> None:
    assert simulate_state(map_state(TASK), {"a": 1}).finish.error == "States.Runtime"


def test_a_failed_item_cancels_the_others_and_no_new_item_starts() -> None:
    simulated = simulate_state(map_state(TASK, MaxConcurrency=2), [1, 2, 3])
    first, second = simulated.tasks
    simulated.send(TaskSucceeded(*first, None))
    third = next(key for key in simulated.tasks if key != second)
    simulated.fail_task(second, "Boom")
    assert last_commands(simulated, CancelTask) == [third]
    assert last_commands(simulated, StartTask) == []
    assert [kind for kind in simulated.types if "Iteration" in kind][-2:] == [
        "MapIterationFailed",
        "MapIterationAborted",
    ]


def test_a_retry_of_a_map_runs_all_its_items_again() -> None:
    simulated = simulate_state(map_state(TASK, MaxConcurrency=1, Retry=[{"ErrorEquals": ["Boom"]}]), ["a", "b"])
    simulated.succeed("old")
    simulated.fail("Boom")
    simulated.fire_timer()
    simulated.succeed("new a")
    simulated.succeed("new b")
    assert simulated.output == ["new a", "new b"]


def test_a_result_of_all_branches_that_is_too_large_can_be_caught_by_its_error_name() -> None:
    catch = [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught"}]
    half = "x" * 140_000
    simulated = simulate({"Fan": parallel(TASK, TASK, Catch=catch, End=True), "Caught": {"Type": "Succeed"}})
    simulated.succeed(half, "A")
    simulated.succeed(half, "B")
    assert simulated.output["Error"] == "States.DataLimitExceeded"


def test_a_selector_that_fails_for_a_later_item_stops_the_map() -> None:
    items = [{"v": 1}, {"v": 2}, {}]
    body = map_state(
        TASK, Items=items, MaxConcurrency=2, ItemSelector={"v": "{% $states.context.Map.Item.Value.v %}"}, End=True
    )
    simulated = simulate({"Each": body}, QueryLanguage="JSONata")
    first, second = simulated.tasks
    simulated.send(TaskSucceeded(*first, None))
    assert last_commands(simulated, CancelTask) == [second]
    assert simulated.finish.error == "States.QueryEvaluationError"


def test_results_of_items_are_discarded_when_the_map_is_cancelled() -> None:
    each = map_state(TASK, End=True)
    simulated = simulate(
        {
            "Fan": parallel(each, TASK, Catch=[{"ErrorEquals": ["Boom"], "Next": "Clean"}], End=True),
            "Clean": {"Type": "Wait", "Seconds": 1, "End": True},
        },
        ["a", "b"],
    )
    item = next(key for key in simulated.tasks if simulated.frame(key).state == "Item")
    simulated.send(TaskSucceeded(*item, "done"))
    assert list(simulated.execution.results.values()) == [{0: '"done"'}]
    simulated.fail("Boom", state="B")
    assert simulated.execution.results == {}
