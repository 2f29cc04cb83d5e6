"""No request leaves a file that no object has: not one that is undone, and not one that lost a race."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lamplighter.base.json_text import Json
from lamplighter.store.db import Tx
from tests.chaos.storm.object_files import find_file_faults
from tests.engine_harness import CALLER, EngineHarness

PLACE = {"Bucket": "bucket", "Key": "key"}
SOURCE = {"Bucket": "bucket", "Key": "source"}
COPY = {**PLACE, "CopySource": "bucket/source"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHarness]:
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.call("s3", "CreateBucket", Bucket="bucket")
        harness.call("s3", "PutObject", **SOURCE, Body=b"first")
        yield harness


def prepare(engine: EngineHarness, operation: str, params: Json) -> Json:
    """Do the work of a request that comes before its turn."""
    return engine.run(engine.engine.bus.prepare(CALLER, "s3", operation, params))


def finish(engine: EngineHarness, operation: str, prepared: Json) -> Json:
    """Do the turn of a prepared request."""
    bus = engine.engine.bus

    async def write() -> Json:
        return await bus.store.write(lambda tx: bus.invoke(tx, CALLER, "s3", operation, prepared))

    found = engine.run(write())
    engine.settle()
    return found


def file_faults(engine: EngineHarness) -> list[str]:
    """Return the faults after the threads that delete files have ended."""
    engine.settle()
    (engine.directory / "objects" / "incoming").mkdir(exist_ok=True)
    return find_file_faults(engine.directory)


def read(engine: EngineHarness, place: Json) -> int:
    size: int = engine.call("s3", "HeadObject", **place)["ContentLength"]
    return size


def test_a_copy_whose_source_is_replaced_before_its_turn_copies_the_new_one(engine: EngineHarness) -> None:
    prepared = prepare(engine, "CopyObject", COPY)
    engine.call("s3", "PutObject", **SOURCE, Body=b"the second")
    finish(engine, "CopyObject", prepared)
    assert read(engine, PLACE) == len(b"the second")
    assert file_faults(engine) == []


def test_a_source_that_is_replaced_while_its_copy_begins_is_no_error(
    engine: EngineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the first source is gone when the thread wants to copy it: the turn copies that of the second."""
    operation = engine.engine.bus._find("s3", "CopyObject")
    assert operation.prepare is not None
    work = operation.prepare(engine.engine.store.reader, CALLER, COPY)
    assert work is not None
    engine.call("s3", "PutObject", **SOURCE, Body=b"the second")
    engine.settle()
    assert work() is None
    engine.call("s3", "CopyObject", **COPY)
    assert read(engine, PLACE) == len(b"the second")
    assert file_faults(engine) == []


def test_parts_that_are_replaced_before_the_turn_leave_no_file(engine: EngineHarness) -> None:
    upload = {**PLACE, "UploadId": engine.call("s3", "CreateMultipartUpload", **PLACE)["UploadId"]}
    part = engine.call("s3", "UploadPart", **upload, PartNumber=1, Body=b"content")
    other = engine.call("s3", "UploadPart", **upload, PartNumber=2, Body=b"other")
    prepared = prepare(
        engine, "CompleteMultipartUpload", {**upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, **part}]}}
    )
    prepared["MultipartUpload"] = {"Parts": [{"PartNumber": 2, **other}]}
    finish(engine, "CompleteMultipartUpload", prepared)
    assert read(engine, PLACE) == len(b"other")
    assert file_faults(engine) == []


def test_an_object_that_a_failed_turn_stored_leaves_no_file(engine: EngineHarness) -> None:
    prepared = prepare(engine, "PutObject", {**PLACE, "Body": b"undone"})
    bus = engine.engine.bus

    async def write() -> None:
        def job(tx: Tx) -> None:
            with suppress(KeyError), tx.nested():
                bus.invoke(tx, CALLER, "s3", "PutObject", prepared)
                raise KeyError

        await bus.store.write(job)

    engine.run(write())
    assert file_faults(engine) == []


def test_a_refused_commit_leaves_no_file(engine: EngineHarness) -> None:
    """A full disk refuses the row after the file is written; the file's room is needed."""
    engine.disk.fill("COMMIT", until=1)
    with pytest.raises(Exception, match="cannot be written"):
        engine.call("s3", "PutObject", **PLACE, Body=b"refused")
    engine.call("s3", "PutObject", Bucket="bucket", Key="other", Body=b"other")
    assert file_faults(engine) == []


def test_the_sweep_of_an_engine_that_starts_keeps_files_of_running_requests(tmp_path: Path) -> None:
    """The file of a request has no row before its turn, whatever the clocks of the machine say."""
    harness = EngineHarness(tmp_path / "data")
    harness.up()
    harness.call("s3", "CreateBucket", Bucket="bucket")
    files = harness.engine.services["s3"].service._files  # type: ignore[attr-defined]
    files.begin_sweep()
    prepared = prepare(harness, "PutObject", {**PLACE, "Body": b"new"})
    files.sweep(lambda _name: False)
    finish(harness, "PutObject", prepared)
    assert file_faults(harness) == []
    harness.close()
