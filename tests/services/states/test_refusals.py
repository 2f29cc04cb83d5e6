"""Requests that match the API's shapes but are invalid get an error of AWS, not an internal error."""

import pytest

from lamplighter.base.errors import ValidationError
from lamplighter.base.json_text import Json, dumps
from lamplighter.services.states.machines import validate_definition
from tests.services.states.states_harness import ROLE, StatesHarness


async def test_a_tag_without_a_key_is_refused(harness: StatesHarness) -> None:
    with pytest.raises(ValidationError, match=r"Value null at 'tags\.2\.member\.key'"):
        await harness.states(
            "CreateActivity", name="worker", tags=[{"key": "team", "value": "night"}, {"value": "without a key"}]
        )


async def test_list_executions_needs_a_state_machine_or_a_map_run(harness: StatesHarness) -> None:
    with pytest.raises(ValidationError, match="Either stateMachineArn or mapRunArn"):
        await harness.states("ListExecutions")


@pytest.mark.parametrize(("steps", "status"), [(500, "SUCCEEDED"), (5000, "FAILED")])
async def test_a_result_path_works_up_to_the_maximum_depth_of_a_document(
    harness: StatesHarness, steps: int, status: str
) -> None:
    path = "$" + ".a" * steps
    await harness.create_machine(
        {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "ResultPath": path, "End": True}}}
    )
    execution = await harness.describe_execution(await harness.start_execution())
    assert execution["status"] == status
    if status == "FAILED":
        assert execution["error"] == "States.Runtime"
        assert "nested too deeply" in execution["cause"]


async def test_an_integer_of_any_size_keeps_every_digit(harness: StatesHarness) -> None:
    await harness.create_machine({"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.in", "End": True}}})
    text = "-123456789012345678901234567890"
    assert (await harness.describe_execution(await harness.start_execution(input=f'{{"in":{text}}}')))["output"] == text


GET_OBJECT = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
PUT_OBJECT = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}


async def test_a_map_over_parquet_needs_its_library(harness: StatesHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate_definition, "is_installed", lambda _package: False)
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    block = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    reader = GET_OBJECT | {"ReaderConfig": {"InputType": "PARQUET"}}
    state = {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor | block, "End": True}
    _, message = await harness.expect_error(
        "CreateStateMachine", name="m", definition=dumps(map_machine(state)), roleArn=ROLE
    )
    assert "pip install 'lamplighter[parquet]'" in message


@pytest.mark.parametrize(
    ("fields", "mode", "reason"),
    [
        ({"ItemReader": GET_OBJECT}, "INLINE", "supported only when 'Mode' is 'DISTRIBUTED' at /States/M/ItemReader"),
        ({"ItemReader": PUT_OBJECT}, "DISTRIBUTED", "at /States/M/ItemReader/Resource"),
        ({"ItemReader": {}}, "DISTRIBUTED", "required: [Resource] at /States/M/ItemReader"),
        ({"ResultWriter": {}}, "DISTRIBUTED", "[Resource, WriterConfig] at /States/M/ResultWriter"),
        ({"ResultWriter": {"WriterConfig": {"OutputType": "XML"}}}, "DISTRIBUTED", "WriterConfig/OutputType"),
        (
            {"ItemReader": GET_OBJECT | {"ReaderConfig": {"MaxItems": 1, "MaxItemsPath": "$.n"}}},
            "DISTRIBUTED",
            "There should only be one",
        ),
    ],
)
async def test_a_map_with_an_unusable_item_reader_or_result_writer_is_refused(
    harness: StatesHarness, fields: Json, mode: str, reason: str
) -> None:
    processor = {"ProcessorConfig": {"Mode": mode, **({"ExecutionType": "STANDARD"} if mode[0] == "D" else {})}}
    block = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemProcessor": processor | block, "End": True, **fields}
    code, message = await harness.expect_error(
        "CreateStateMachine", name="m", definition=dumps(map_machine(state)), roleArn=ROLE
    )
    assert code == "InvalidDefinition"
    assert reason in message


def map_machine(state: Json) -> Json:
    return {"StartAt": "M", "States": {"M": state}}
