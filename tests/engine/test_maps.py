"""Distributed Maps whose items cannot be handed out, or only in an unusual way: none hangs, none runs for ever."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from tests.engine_harness import ACCOUNT, REGION, EngineHarness

PASS = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PASS}


def mapped(**fields: Json) -> Json:
    """A distributed Map that leads to the end, with its errors caught."""
    state = {"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True, **fields}
    return {"StartAt": "M", "States": {"M": state, "Caught": {"Type": "Succeed"}}}


def run(harness: EngineHarness, machine: Json, given: Json) -> Json:
    """Run a machine to its end."""
    if not any(field == "Catch" for field in machine["States"]["M"]):
        machine["States"].pop("Caught")
    execution = harness.start(harness.machine(machine, "m"), given)
    harness.settle()
    return harness.describe(execution)


SELECTED: list[tuple[Json, Json, str]] = [
    ({"ItemSelector": {"q.$": "$$.Map.Item.Value.q"}}, [{"q": 1}, {}], "States.Runtime"),
    ({"ItemSelector": {"q.$": "States.StringToJson($$.Map.Item.Value)"}}, ["{"], "States.IntrinsicFailure"),
    ({"QueryLanguage": "JSONata", "ItemSelector": {"q": "{% $states.input.zz %}"}}, [1], "States.QueryEvaluationError"),
    ({"ItemBatcher": {"MaxItemsPerBatchPath": "$[0].n"}}, [{}], "States.Runtime"),
    ({"ItemBatcher": {"MaxItemsPerBatchPath": "$[0].n"}}, [{"n": "x"}], "States.Runtime"),
    ({"ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"a.$": "$.zz"}}}, [1], "States.Runtime"),
]


@pytest.mark.parametrize(("fields", "given", "error"), SELECTED)
def test_what_the_children_are_given_cannot_be_made_and_the_map_fails(
    harness: EngineHarness, fields: Json, given: Json, error: str
) -> None:
    ended = run(harness, mapped(**fields), given)
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert ended["cause"].startswith("An error occurred while executing the state 'M' (entered at the event id #2). ")
    (told,) = harness.call("states", "ListMapRuns", executionArn=ended["executionArn"])["mapRuns"]
    described = harness.call("states", "DescribeMapRun", mapRunArn=told["mapRunArn"])
    assert described["status"] == "FAILED"


def test_such_a_failure_can_be_caught(harness: EngineHarness) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    fields = {"ItemSelector": {"q.$": "States.StringToJson($$.Map.Item.Value)"}, "Catch": catch}
    assert run(harness, mapped(**fields), ["1", "{"])["status"] == "SUCCEEDED"


@pytest.mark.parametrize("batcher", [{"MaxItemsPerBatch": 0}, {"MaxItemsPerBatchPath": "$[0]"}])
def test_a_batch_of_at_most_0_items_has_all(harness: EngineHarness, batcher: Json) -> None:
    ended = run(harness, mapped(ItemBatcher=batcher), [0, 1, 2])
    assert loads(ended["output"]) == [{"Items": [0, 1, 2]}]


def test_items_are_counted_one_by_one_and_executions_by_batches(harness: EngineHarness) -> None:
    ended = run(harness, mapped(ItemBatcher={"MaxItemsPerBatch": 2}), [1, 2, 3])
    (told,) = harness.call("states", "ListMapRuns", executionArn=ended["executionArn"])["mapRuns"]
    described = harness.call("states", "DescribeMapRun", mapRunArn=told["mapRunArn"])
    counted = {kind: (described[kind]["succeeded"], described[kind]["total"]) for kind in described if "Counts" in kind}
    assert counted == {"itemCounts": (3, 3), "executionCounts": (2, 2)}


@pytest.mark.parametrize("processor", [PASS, DISTRIBUTED])
def test_items_that_are_an_object_are_refused_by_the_map(harness: EngineHarness, processor: Json) -> None:
    fields = {"QueryLanguage": "JSONata", "Items": {"a": "{% 1 %}"}, "ItemProcessor": processor}
    ended = run(harness, mapped(**fields), {})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert ended["cause"].endswith('Map state input must be an array but was: {"a":1}')


def test_map_runs_of_an_execution_that_is_not_there_are_not_listed(harness: EngineHarness) -> None:
    name = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m:nobody"
    with pytest.raises(AwsError, match="Execution Does Not Exist"):
        harness.call("states", "ListMapRuns", executionArn=name)
