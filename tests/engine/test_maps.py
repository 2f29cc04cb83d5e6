"""Distributed Maps with unusual items, or with items that cannot be passed on: no Map hangs or runs forever."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, loads
from tests.engine_harness import ACCOUNT, REGION, EngineHarness

PASS = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PASS}


def map_machine(**fields: Json) -> Json:
    """Return a machine of one distributed Map, and of a state for errors that are caught."""
    state = {"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True, **fields}
    return {"StartAt": "M", "States": {"M": state, "Caught": {"Type": "Succeed"}}}


def run_machine(harness: EngineHarness, machine: Json, given: Json) -> Json:
    """Run a machine to its end; return the description of the execution."""
    if not any(field == "Catch" for field in machine["States"]["M"]):
        machine["States"].pop("Caught")
    execution = harness.start(harness.machine(machine, "m"), given)
    harness.settle()
    return harness.describe(execution)


FAILING_FIELDS: list[tuple[Json, Json, str]] = [
    ({"ItemSelector": {"q.$": "$$.Map.Item.Value.q"}}, [{"q": 1}, {}], "States.Runtime"),
    ({"ItemSelector": {"q.$": "States.StringToJson($$.Map.Item.Value)"}}, ["{"], "States.IntrinsicFailure"),
    ({"QueryLanguage": "JSONata", "ItemSelector": {"q": "{% $states.input.zz %}"}}, [1], "States.QueryEvaluationError"),
    ({"ItemBatcher": {"MaxItemsPerBatchPath": "$[0].n"}}, [{}], "States.Runtime"),
    ({"ItemBatcher": {"MaxItemsPerBatchPath": "$[0].n"}}, [{"n": "x"}], "States.Runtime"),
    ({"ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"a.$": "$.zz"}}}, [1], "States.Runtime"),
]


@pytest.mark.parametrize(("fields", "given", "error"), FAILING_FIELDS)
def test_the_map_fails_if_the_input_of_its_children_cannot_be_computed(
    harness: EngineHarness, fields: Json, given: Json, error: str
) -> None:
    ended = run_machine(harness, map_machine(**fields), given)
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert ended["cause"].startswith("An error occurred while executing the state 'M' (entered at the event id #2). ")
    (map_run,) = harness.call("states", "ListMapRuns", executionArn=ended["executionArn"])["mapRuns"]
    described = harness.call("states", "DescribeMapRun", mapRunArn=map_run["mapRunArn"])
    assert described["status"] == "FAILED"


def test_a_failure_to_compute_the_input_of_children_can_be_caught(harness: EngineHarness) -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    fields = {"ItemSelector": {"q.$": "States.StringToJson($$.Map.Item.Value)"}, "Catch": catch}
    assert run_machine(harness, map_machine(**fields), ["1", "{"])["status"] == "SUCCEEDED"


@pytest.mark.parametrize("batcher", [{"MaxItemsPerBatch": 0}, {"MaxItemsPerBatchPath": "$[0]"}])
def test_a_batch_size_of_0_puts_all_items_into_one_batch(harness: EngineHarness, batcher: Json) -> None:
    ended = run_machine(harness, map_machine(ItemBatcher=batcher), [0, 1, 2])
    assert loads(ended["output"]) == [{"Items": [0, 1, 2]}]


def test_items_are_counted_one_by_one_and_executions_by_batch(harness: EngineHarness) -> None:
    ended = run_machine(harness, map_machine(ItemBatcher={"MaxItemsPerBatch": 2}), [1, 2, 3])
    (map_run,) = harness.call("states", "ListMapRuns", executionArn=ended["executionArn"])["mapRuns"]
    label = map_run["mapRunArn"].split("/")[1].split(":")[0]
    assert map_run["stateMachineArn"] == f"{ended['stateMachineArn']}/{label}"
    described = harness.call("states", "DescribeMapRun", mapRunArn=map_run["mapRunArn"])
    counted = {kind: (described[kind]["succeeded"], described[kind]["total"]) for kind in described if "Counts" in kind}
    assert counted == {"itemCounts": (3, 3), "executionCounts": (2, 2)}


@pytest.mark.parametrize("processor", [PASS, DISTRIBUTED])
def test_the_map_rejects_items_that_are_an_object(harness: EngineHarness, processor: Json) -> None:
    fields = {"QueryLanguage": "JSONata", "Items": {"a": "{% 1 %}"}, "ItemProcessor": processor}
    ended = run_machine(harness, map_machine(**fields), {})
    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert ended["cause"].endswith('Map state input must be an array but was: {"a":1}')


def test_listing_the_map_runs_of_an_unknown_execution_is_an_error(harness: EngineHarness) -> None:
    name = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:m:nobody"
    with pytest.raises(AwsError, match="Execution Does Not Exist"):
        harness.call("states", "ListMapRuns", executionArn=name)
