"""The body of an object is stored whole, or the upload fails."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.object_upload import EntityTooLarge, ObjectUpload


def put(**headers: str) -> HttpRequest:
    """Return the head of a PutObject."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return HttpRequest("PUT", b"/bucket/key", b"", named, b"")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let files of this process grow to a size: as on a full disk, a write then takes the first bytes only."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_upload_fails_if_the_disk_takes_only_the_beginning_of_its_last_bytes(tmp_path: Path) -> None:
    """No object is stored without its end."""
    upload = ObjectUpload(put(content_length="1000"), tmp_path / "body", None)
    with largest_file(600), pytest.raises(OSError, match="too large"):
        upload.write(b"x" * 1000)
    upload.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", ["6000000000", "9" * 5000])
def test_a_length_beyond_the_limit_is_refused_however_many_digits_it_has(tmp_path: Path, length: str) -> None:
    """The length of the decoded content is only a header, which no parser of HTTP limits."""
    head = put(x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER", x_amz_decoded_content_length=length)
    with pytest.raises(AwsError) as error:
        ObjectUpload(head, tmp_path / "body", None)
    assert isinstance(error.value, EntityTooLarge)


def test_a_body_without_the_trailer_that_its_head_promises_is_refused(tmp_path: Path) -> None:
    """Without the check, nobody would notice that bytes changed on their way."""
    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    upload = ObjectUpload(put(x_amz_content_sha256=kind, x_amz_trailer="x-amz-checksum-crc32"), tmp_path / "body", None)
    upload.write(b"3\r\nabc\r\n0\r\n\r\n")
    with pytest.raises(AwsError) as error:
        upload.finish()
    assert error.value.code == "MalformedTrailerError"
