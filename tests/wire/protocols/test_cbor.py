"""Smithy RPC v2 CBOR: any body has an answer, and errors are encoded in the same protocol."""

from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.protocols import cbor
from lamplighter.wire.route import encode_error, route_request

SIGNED = b"AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"
PATH = b"/service/GraniteServiceVersion20100801/operation/DescribeAlarms"


def http_request(body: bytes, path: bytes = PATH, method: str = "POST") -> HttpRequest:
    headers = {b"smithy-protocol": b"rpc-v2-cbor", b"authorization": SIGNED, b"host": b"127.0.0.1"}
    return HttpRequest(method, path, b"", headers, body)


@given(st.binary(max_size=60))
def test_any_body_is_decoded_or_an_aws_error(body: bytes) -> None:
    with suppress(AwsError):
        assert isinstance(cbor.read_map(body), dict)


def test_a_body_that_is_nested_too_deeply_is_an_error() -> None:
    with pytest.raises(AwsError):
        cbor.read_map(b"\xa1\x61a" * 100_000 + b"\x01")


@pytest.mark.parametrize(
    ("http", "code"),
    [
        (http_request(b"\xff"), "SerializationException"),
        (http_request(b"\xa0", b"/service/Nonsense/operation/DescribeAlarms"), "UnknownOperationException"),
        (http_request(b"\xa0", PATH + b"s"), "UnknownOperationException"),
        (http_request(b"\xa0", b"/"), "UnknownOperationException"),
        (http_request(cbor2.dumps({"MaxRecords": "x"})), "SerializationException"),
    ],
)
def test_an_invalid_request_is_answered_in_the_same_protocol(http: HttpRequest, code: str) -> None:
    catalog = ModelCatalog()
    with pytest.raises(AwsError) as raised:
        route_request(catalog, http)
    response = encode_error(catalog, http, raised.value, "id-1")
    body: Json = cbor2.loads(response.body)
    assert body["__type"] == code
    assert body["message"]
    assert (b"smithy-protocol", b"rpc-v2-cbor") in response.headers
