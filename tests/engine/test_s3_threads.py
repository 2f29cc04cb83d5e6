"""Threads that wait for the engine's own S3 leave threads for the work of S3."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from lamplighter.base.json_text import Json
from lamplighter.services.states.map_runs import store_items
from tests.engine_harness import CALLER, EngineHarness
from tests.fake_disk import MAX_SECONDS

MAPS = 40
"""More than a loop has threads."""


def make_machine(harness: EngineHarness) -> str:
    """Create a state machine whose Map reads its items from the engine's own S3 and writes its results there."""
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
    return harness.machine({"StartAt": "M", "States": {"M": state}})


def test_many_maps_read_their_items_and_write_their_results_at_once(harness: EngineHarness) -> None:
    machine, engine = make_machine(harness), harness.engine

    async def start_all() -> list[str]:
        given = {"stateMachineArn": machine}
        answers = await asyncio.gather(*(engine.call(CALLER, "states", "StartExecution", given) for _ in range(MAPS)))
        return [each["executionArn"] for each in answers]

    runs = harness.run(start_all())
    harness.advance(1000)
    assert {harness.status(each) for each in runs} == {"SUCCEEDED"}


def test_a_map_whose_engine_stops_while_a_thread_reads_its_items_reads_them_again(
    harness: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, dispatcher, stopped = make_machine(harness), harness.engine.dispatcher, threading.Event()

    async def stop() -> None:
        await dispatcher.stop()
        stopped.set()

    def read_while_the_engine_stops(loop: asyncio.AbstractEventLoop) -> Iterator[Json]:
        asyncio.run_coroutine_threadsafe(stop(), loop)
        assert stopped.wait(MAX_SECONDS)
        yield "late"

    with monkeypatch.context() as patch:
        patch.setattr(store_items, "read_s3_items", lambda *_: read_while_the_engine_stops(asyncio.get_running_loop()))
        run = harness.start(machine)
        harness.settle()
    assert stopped.is_set()
    harness.restart()
    harness.advance(1000)
    assert harness.status(run) == "SUCCEEDED"
