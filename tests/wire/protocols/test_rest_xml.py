"""Requests and answers of S3's protocol that a hostile caller makes."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.protocols.rest_xml import encode_error
from lamplighter.wire.route import route_request

SIGNED = b"AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def head(path: bytes) -> HttpRequest:
    """Return a HeadObject of this path."""
    return HttpRequest("HEAD", path, b"", {b"authorization": SIGNED, b"host": b"localhost"}, b"")


@pytest.mark.parametrize("path", [b"/bucket/%ff", b"/bucket/a%c3", b"/%80/key", b"/bucket/%ed%a0%80"])
def test_a_key_that_is_not_utf_8_is_refused(catalog: ModelCatalog, path: bytes) -> None:
    """Otherwise `%ff` and `%fe` would be one key, and one object would replace the other."""
    with pytest.raises(AwsError) as error:
        route_request(catalog, head(path))
    assert (error.value.code, error.value.status) == ("InvalidURI", 400)


@pytest.mark.parametrize(
    ("path", "key"), [(b"/bucket/..%2f..%2fetc", "../../etc"), (b"/bucket/a%00b", "a\0b"), (b"/bucket//a", "/a")]
)
def test_a_key_may_be_any_other_text(catalog: ModelCatalog, path: bytes, key: str) -> None:
    """A key is no path: its dots and its zeros are characters."""
    assert route_request(catalog, head(path)).params == {"Bucket": "bucket", "Key": key}


def test_answers_are_sandboxed() -> None:
    """A page that is an object has the console's origin: it must run nothing there."""
    answer = encode_error(None, AwsError("no", code="NoSuchKey", status=404), "id")
    assert dict(answer.headers)[b"content-security-policy"] == b"sandbox"
