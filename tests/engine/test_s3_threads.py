"""Threads that wait for the engine's own S3 leave threads for the work of S3."""

import asyncio

from tests.engine_harness import CALLER, EngineHarness

MAPS = 40
"""More than a loop has threads."""


def test_many_maps_read_their_items_and_write_their_results_at_once(harness: EngineHarness) -> None:
    harness.call("s3", "CreateBucket", Bucket="bucket")
    harness.call("s3", "PutObject", Bucket="bucket", Key="items", Body=b"[1, 2]")
    child = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, "StartAt": "P"}
    state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "bucket", "Key": "items"},
        },
        "ItemProcessor": {**child, "States": {"P": {"Type": "Pass", "End": True}}},
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "bucket", "Prefix": "results"},
        },
        "End": True,
    }
    machine = harness.machine({"StartAt": "M", "States": {"M": state}})
    engine = harness.engine

    async def start_all() -> list[str]:
        given = {"stateMachineArn": machine}
        answers = await asyncio.gather(*(engine.call(CALLER, "states", "StartExecution", given) for _ in range(MAPS)))
        return [each["executionArn"] for each in answers]

    runs = harness.run(start_all())
    harness.advance(1000)
    assert {harness.status(each) for each in runs} == {"SUCCEEDED"}
