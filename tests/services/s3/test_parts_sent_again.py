"""A part that is sent again while its upload is completed does not stop the engine for others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.services.s3.object_files import ObjectFiles
from tests.engine_harness import CALLER, EngineHarness


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        yield harness


def test_parts_are_joined_once_even_if_one_is_sent_again(
    engine: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts are joined in a thread; to join them again in the turn would take seconds for a large object."""
    engine.call("s3", "CreateBucket", Bucket="bucket")
    place = {"Bucket": "bucket", "Key": "key"}
    upload = {**place, "UploadId": engine.call("s3", "CreateMultipartUpload", **place)["UploadId"]}
    part = engine.call("s3", "UploadPart", **upload, PartNumber=1, Body=b"content")
    params = {**upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    bus = engine.engine.bus
    prepared = engine.run(bus.prepare(CALLER, "s3", "CompleteMultipartUpload", params))
    engine.call("s3", "UploadPart", **upload, PartNumber=1, Body=b"content")
    monkeypatch.delattr(ObjectFiles, "join")

    async def complete() -> str:
        answer = await bus.store.write(lambda tx: bus.invoke(tx, CALLER, "s3", "CompleteMultipartUpload", prepared))
        return str(answer["Key"])

    assert engine.run(complete()) == "key"
    assert engine.call("s3", "HeadObject", **place)["ContentLength"] == len(b"content")
