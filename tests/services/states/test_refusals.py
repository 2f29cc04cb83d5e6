"""Requests that fit their shape and are still no requests: AWS's errors, never ours."""

import pytest

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, dumps
from tests.services.states.states_harness import ROLE, StatesHarness


async def test_a_tag_without_a_key_is_refused(harness: StatesHarness) -> None:
    with pytest.raises(ValidationError, match=r"Value null at 'tags\.2\.member\.key'"):
        await harness.states(
            "CreateActivity", name="worker", tags=[{"key": "team", "value": "night"}, {"value": "without a key"}]
        )


async def test_executions_are_listed_of_a_machine_or_a_map_run_and_of_nothing_else(harness: StatesHarness) -> None:
    with pytest.raises(ValidationError, match="Either stateMachineArn or mapRunArn"):
        await harness.states("ListExecutions")


@pytest.mark.parametrize(("steps", "status"), [(500, "SUCCEEDED"), (5000, "FAILED")])
async def test_a_long_result_path_is_followed_as_far_as_a_document_can_be_deep(
    harness: StatesHarness, steps: int, status: str
) -> None:
    path = "$" + ".a" * steps
    await harness.create(
        {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "ResultPath": path, "End": True}}}
    )
    found = await harness.execution(await harness.start())
    assert found["status"] == status
    if status == "FAILED":
        assert found["error"] == "States.Runtime"
        assert "nested too deeply" in found["cause"]


async def test_an_integer_of_any_size_keeps_every_digit(harness: StatesHarness) -> None:
    await harness.create({"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.in", "End": True}}})
    text = "-123456789012345678901234567890"
    assert (await harness.execution(await harness.start(input=f'{{"in":{text}}}')))["output"] == text


OBJECT = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
PUT = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}


@pytest.mark.parametrize(
    ("fields", "mode", "why"),
    [
        ({"ItemReader": OBJECT}, "DISTRIBUTED", "Start the engine with --endpoint s3=URL"),
        ({"ResultWriter": PUT}, "DISTRIBUTED", "Start the engine with --endpoint s3=URL"),
        ({"ItemReader": OBJECT}, "INLINE", "supported only when 'Mode' is 'DISTRIBUTED' at /States/M/ItemReader"),
        ({"ItemReader": PUT}, "DISTRIBUTED", "at /States/M/ItemReader/Resource"),
        ({"ItemReader": {}}, "DISTRIBUTED", "required: [Resource] at /States/M/ItemReader"),
        ({"ResultWriter": {}}, "DISTRIBUTED", "[Resource, WriterConfig] at /States/M/ResultWriter"),
        ({"ResultWriter": {"WriterConfig": {"OutputType": "XML"}}}, "DISTRIBUTED", "WriterConfig/OutputType"),
        ({"ItemReader": OBJECT | {"ReaderConfig": {"InputType": "PARQUET"}}}, "DISTRIBUTED", "cannot read Parquet"),
        (
            {"ItemReader": OBJECT | {"ReaderConfig": {"MaxItems": 1, "MaxItemsPath": "$.n"}}},
            "DISTRIBUTED",
            "There should only be one",
        ),
        ({"ItemReader": OBJECT, "ItemsPath": "$.a[*]"}, "DISTRIBUTED", "is not a reference path"),
    ],
)
async def test_a_map_whose_items_or_results_cannot_lie_there_is_refused(
    harness: StatesHarness, fields: Json, mode: str, why: str
) -> None:
    processor = {"ProcessorConfig": {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode[0] == "D" else {})}}
    block = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemProcessor": processor | block, "End": True, **fields}
    code, message = await harness.refused(
        "CreateStateMachine", name="m", definition=dumps(machine(state)), roleArn=ROLE
    )
    assert code == "InvalidDefinition"
    assert why in message


def machine(state: Json) -> Json:
    return {"StartAt": "M", "States": {"M": state}}
