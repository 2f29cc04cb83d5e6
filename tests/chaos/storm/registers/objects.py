"""Objects of S3 as registers: a body shows its own value, so that a mixture of two bodies is found.

An object is written by PutObject, by CopyObject or as a multipart upload, and removed by DeleteObject or DeleteObjects.
"""

import hashlib
import random

from botocore.exceptions import ClientError

from tests.chaos.storm.client_calls import ClientCalls
from tests.chaos.storm.registers.register import Register

BUCKET = "storm-objects"
MIN_PART_BYTES = 5 * 2**20
SIZES = (0, 100, 5_000, 70_000, 300_000, 2_000_000)


def make_value(rng: random.Random) -> str:
    """Return a value: a random text and the size of the body."""
    return f"{rng.getrandbits(64):016x}:{rng.choice(SIZES) + rng.randint(40, 2000)}"


def make_large_value(rng: random.Random) -> str:
    """Return the value of a body of two parts."""
    return f"{rng.getrandbits(64):016x}:{MIN_PART_BYTES + rng.randint(40, 300_000)}"


def make_body(value: str) -> bytes:
    """Return the body of a value."""
    size = int(value.partition(":")[2])
    piece = f"{value};".encode()
    return (piece * (size // len(piece) + 1))[:size]


def put(calls: ClientCalls, name: str, value: str, _is_new: bool) -> None:
    """Write an object by one PutObject; compare the ETag of the answer."""
    body = make_body(value)
    answer = calls.repeat((), "s3", "put_object", Bucket=BUCKET, Key=name, Body=body)
    _check_etag(calls, name, answer["ETag"], body)


def copy(calls: ClientCalls, name: str, value: str, _is_new: bool) -> None:
    """Write another object, and copy it."""
    put(calls, f"{name}.source", value, _is_new)
    calls.repeat((), "s3", "copy_object", Bucket=BUCKET, Key=name, CopySource=f"{BUCKET}/{name}.source")


def upload_parts(calls: ClientCalls, name: str, value: str, _is_new: bool) -> None:
    """Write an object as an upload of two parts."""
    body = make_body(value)
    place = {"Bucket": BUCKET, "Key": name}
    upload = calls.repeat((), "s3", "create_multipart_upload", **place)["UploadId"]
    parts = []
    for number, piece in enumerate((body[:MIN_PART_BYTES], body[MIN_PART_BYTES:]), 1):
        answer = calls.repeat((), "s3", "upload_part", **place, UploadId=upload, PartNumber=number, Body=piece)
        _check_etag(calls, name, answer["ETag"], piece)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    listed = {"Parts": parts}
    calls.repeat(("NoSuchUpload",), "s3", "complete_multipart_upload", **place, UploadId=upload, MultipartUpload=listed)


def remove(calls: ClientCalls, name: str) -> None:
    """Delete an object."""
    calls.repeat((), "s3", "delete_object", Bucket=BUCKET, Key=name)


def remove_several(calls: ClientCalls, name: str) -> None:
    """Delete an object and its source with one call."""
    keys = [{"Key": name}, {"Key": f"{name}.source"}]
    calls.repeat((), "s3", "delete_objects", Bucket=BUCKET, Delete={"Objects": keys})


def read(calls: ClientCalls, name: str) -> str | None:
    """Return the value of an object's body; a body that shows no value whole is described instead."""
    try:
        body, etag = calls.read_object(BUCKET, name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    if "-" not in etag:
        _check_etag(calls, name, etag, body)
    value = body.partition(b";")[0].decode(errors="replace")
    number, _, size = value.partition(":")
    whole = len(number) == 16 and size.isdecimal() and make_body(value) == body
    return value if whole else f"a body of {len(body)} bytes that begins with {body[:60]!r}"


def _check_etag(calls: ClientCalls, name: str, etag: str, body: bytes) -> None:
    expected = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if etag.strip('"') != expected:
        calls.ledger.record_fault(f"object {name}: the ETag {etag} is not that of its body, {expected}")


OBJECTS = (
    Register("object", put, remove, read, make_value, count=12),
    Register("copied", copy, remove_several, read, make_value),
    Register("uploaded", upload_parts, remove, read, make_large_value, count=3),
)
