"""A multipart upload is completed once: a repetition has the same answer, and what came first decides about a race."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.bus import PREPARED, Prepared
from tests.engine_harness import CALLER, EngineHarness

PLACE: Json = {"Bucket": "bucket", "Key": "key"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHarness]:
    """Yield an engine with one bucket."""
    with EngineHarness.running(tmp_path / "data") as harness:
        harness.call("s3", "CreateBucket", Bucket="bucket")
        yield harness


def begin_upload(engine: EngineHarness, content: bytes = b"content") -> tuple[Json, Json]:
    """Return the parameters that name an upload with one part, and those that complete it."""
    upload = {**PLACE, "UploadId": engine.call("s3", "CreateMultipartUpload", **PLACE)["UploadId"]}
    part = engine.call("s3", "UploadPart", **upload, PartNumber=1, Body=content)
    return upload, {**upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}


def invoke(engine: EngineHarness, operation: str, params: Json) -> Json:
    """Run the turn of an operation whose parameters are prepared."""
    bus = engine.engine.bus

    async def run() -> Json:
        return await bus.store.write(lambda tx: bus.invoke(tx, CALLER, "s3", operation, params))

    return engine.run(run())


def prepare_after(engine: EngineHarness, operation: str, params: Json, other: str, changes: Json) -> Json:
    """Prepare an operation; a call of another operation is done between its read and its work with files."""
    bus = engine.engine.bus
    prepare = bus._services["s3"][operation].prepare
    assert prepare is not None
    work = prepare(bus.store.reader, CALLER, params)
    assert work is not None
    engine.call("s3", other, **changes)
    engine.settle()
    done = work()
    return {**params, PREPARED: done.value} if isinstance(done, Prepared) else params


def test_a_completion_that_is_repeated_has_the_same_answer(engine: EngineHarness) -> None:
    """A client whose connection broke sends it again: https://github.com/minio/minio/issues/13318 shows S3's answer."""
    _, params = begin_upload(engine)
    first = engine.call("s3", "CompleteMultipartUpload", **params)
    assert engine.call("s3", "CompleteMultipartUpload", **params) == first
    assert engine.call("s3", "ListObjectVersions", Bucket="bucket")["Versions"][1:] == []


def test_a_repetition_finds_the_version_that_the_upload_made(engine: EngineHarness) -> None:
    engine.call("s3", "PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    _, params = begin_upload(engine)
    first = engine.call("s3", "CompleteMultipartUpload", **params)
    engine.call("s3", "PutObject", **PLACE, Body=b"later")
    assert engine.call("s3", "CompleteMultipartUpload", **params)["VersionId"] == first["VersionId"]


@pytest.mark.parametrize("other", ["parts", "replaced", "deleted"])
def test_an_upload_with_other_parts_or_without_its_object_is_not_repeated(engine: EngineHarness, other: str) -> None:
    _, params = begin_upload(engine)
    engine.call("s3", "CompleteMultipartUpload", **params)
    if other == "parts":
        params = {**params, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": f'"{"0" * 32}"'}]}}
    elif other == "replaced":
        engine.call("s3", "PutObject", **PLACE, Body=b"later")
    else:
        engine.call("s3", "DeleteObject", **PLACE)
    with pytest.raises(AwsError, match="upload does not exist"):
        engine.call("s3", "CompleteMultipartUpload", **params)


def test_a_copy_is_not_the_object_of_the_upload(engine: EngineHarness) -> None:
    _, params = begin_upload(engine)
    engine.call("s3", "CompleteMultipartUpload", **params)
    engine.call("s3", "CopyObject", Bucket="bucket", Key="copy", CopySource="bucket/key")
    engine.call("s3", "DeleteObject", **PLACE)
    with pytest.raises(AwsError, match="upload does not exist"):
        engine.call("s3", "CompleteMultipartUpload", **params)


def test_an_upload_that_is_aborted_while_its_parts_are_joined_is_no_upload(engine: EngineHarness) -> None:
    upload, params = begin_upload(engine)
    prepared = prepare_after(engine, "CompleteMultipartUpload", params, "AbortMultipartUpload", upload)
    with pytest.raises(AwsError, match="upload does not exist"):
        invoke(engine, "CompleteMultipartUpload", prepared)


def test_a_part_that_is_sent_again_while_the_parts_are_joined_is_an_invalid_part(engine: EngineHarness) -> None:
    upload, params = begin_upload(engine)
    again = {**upload, "PartNumber": 1, "Body": b"other content"}
    prepared = prepare_after(engine, "CompleteMultipartUpload", params, "UploadPart", again)
    with pytest.raises(AwsError, match="parts could not be found"):
        invoke(engine, "CompleteMultipartUpload", prepared)


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy"])
def test_a_source_that_is_replaced_while_it_is_copied_is_copied_as_it_is_then(
    engine: EngineHarness, operation: str
) -> None:
    engine.call("s3", "PutObject", **PLACE, Body=b"first")
    target: Json = {"Bucket": "bucket", "Key": "copy", "CopySource": "bucket/key"}
    if operation == "UploadPartCopy":
        begun = engine.call("s3", "CreateMultipartUpload", Bucket="bucket", Key="copy")
        target |= {"UploadId": begun["UploadId"], "PartNumber": 1}
    prepared = prepare_after(engine, operation, target, "PutObject", {**PLACE, "Body": b"second"})
    answer = invoke(engine, operation, prepared)
    result = answer["CopyObjectResult" if operation == "CopyObject" else "CopyPartResult"]
    assert result["ETag"] == engine.call("s3", "HeadObject", **PLACE)["ETag"]


@pytest.mark.parametrize(("asked", "sent"), [("CRC32", "CRC32"), ("CRC64NVME", "CRC64NVME"), (None, "CRC32")])
def test_the_checksum_of_an_object_is_that_of_its_content(engine: EngineHarness, asked: str | None, sent: str) -> None:
    """It is combined from those of the parts, which have it too if the caller sent another one."""
    kind: Json = {} if asked is None else {"ChecksumAlgorithm": asked, "ChecksumType": "FULL_OBJECT"}
    upload = {**PLACE, "UploadId": engine.call("s3", "CreateMultipartUpload", **PLACE, **kind)["UploadId"]}
    bodies, parts = [b"a" * 5 * 2**20, b"b" * 5 * 2**20, b"c"], []
    for number, body in enumerate(bodies, 1):
        part = engine.call("s3", "UploadPart", **upload, PartNumber=number, Body=body, ChecksumAlgorithm=sent)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    made = engine.call("s3", "CompleteMultipartUpload", **upload, MultipartUpload={"Parts": parts})
    whole: Json = {"Bucket": "bucket", "Key": "whole", "Body": b"".join(bodies)}
    expected = engine.call("s3", "PutObject", **whole, ChecksumAlgorithm=asked or "CRC64NVME")
    name = f"Checksum{asked or 'CRC64NVME'}"
    assert made[name] == expected[name]
    files = [path for path in (engine.directory / "objects").rglob("*") if path.is_file()]
    assert [path.read_bytes() == whole["Body"] for path in files].count(True) == 2, "the object, and the whole"


def test_a_copy_that_was_made_in_vain_leaves_no_file(engine: EngineHarness) -> None:
    """The source is replaced after the copy of its first content."""
    engine.call("s3", "PutObject", **PLACE, Body=b"first")
    target: Json = {"Bucket": "bucket", "Key": "copy", "CopySource": "bucket/key"}
    bus = engine.engine.bus
    prepared = engine.run(bus.prepare(CALLER, "s3", "CopyObject", target))
    engine.call("s3", "PutObject", **PLACE, Body=b"second")
    invoke(engine, "CopyObject", prepared)
    engine.settle()
    assert len([path for path in (engine.directory / "objects").rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize(("before", "code"), [(True, "PreconditionFailed"), (False, "ConditionalRequestConflict")])
def test_an_object_that_is_stored_during_an_upload_is_a_conflict_and_one_before_it_a_failed_condition(
    engine: EngineHarness, before: bool, code: str
) -> None:
    if before:
        engine.call("s3", "PutObject", **PLACE, Body=b"other")
        engine.advance(1)
    _, params = begin_upload(engine)
    engine.advance(1)
    if not before:
        engine.call("s3", "PutObject", **PLACE, Body=b"other")
    with pytest.raises(AwsError) as error:
        engine.call("s3", "CompleteMultipartUpload", **params, IfNoneMatch="*")
    assert error.value.code == code
