"""Requests of millions of parts are rejected with a message before they are decoded."""

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.validate import MAX_ELEMENTS, MAX_VIOLATIONS
from lamplighter.wire.protocols import aws_json, cbor
from lamplighter.wire.protocols.form import MAX_FIELDS, MAX_NAME_PARTS
from lamplighter.wire.route import route_request

AUTHORIZATION = b"AWS4-HMAC-SHA256 Credential=k/20260101/r/%s/aws4_request, SignedHeaders=host, Signature=0"


def rejection(catalog: ModelCatalog, service: bytes, body: bytes, **headers: bytes) -> AwsError:
    headers_by_name = {b"host": b"localhost", b"authorization": AUTHORIZATION % service}
    headers_by_name |= {name.replace("_", "-").encode(): value for name, value in headers.items()}
    with pytest.raises(AwsError) as error:
        route_request(catalog, HttpRequest("POST", b"/", b"", headers_by_name, body))
    return error.value


def reject_form(catalog: ModelCatalog, body: bytes) -> AwsError:
    return rejection(catalog, b"sns", b"Action=Publish&" + body, content_type=b"application/x-www-form-urlencoded")


def test_the_number_of_fields_of_a_form_is_limited(catalog: ModelCatalog) -> None:
    error = reject_form(catalog, b"&".join(b"a%d=1" % number for number in range(600_000)))
    assert (error.code, error.message) == ("MalformedQueryString", f"The request has more than {MAX_FIELDS} fields.")
    # A form below the limit is parsed.
    assert "'message'" in reject_form(catalog, b"a=1&" * (MAX_FIELDS - 2)).message


def test_the_number_of_parts_of_the_names_of_a_form_is_limited(catalog: ModelCatalog) -> None:
    deep = b".a" * 15
    fields = b"&".join(b"%d%s=1" % (number, deep) for number in range(MAX_NAME_PARTS // 16 + 1))
    assert reject_form(catalog, fields).code == "MalformedQueryString"


def reject_sqs(catalog: ModelCatalog, operation: bytes, body: bytes) -> AwsError:
    headers = {"x_amz_target": b"AmazonSQS." + operation, "content_type": b"application/x-amz-json-1.0"}
    return rejection(catalog, b"sqs", body, **headers)


def test_the_number_of_elements_in_lists_and_maps_is_limited(catalog: ModelCatalog) -> None:
    many = b",".join([b'"a"'] * (MAX_ELEMENTS + 1))
    error = reject_sqs(catalog, b"ReceiveMessage", b'{"QueueUrl":"q","AttributeNames":[%s]}' % many)
    assert error.message == f"The request has more than {MAX_ELEMENTS} elements."
    pairs = b",".join(b'"%d":"a"' % number for number in range(MAX_ELEMENTS + 1))
    error = reject_sqs(catalog, b"CreateQueue", b'{"QueueName":"q","Attributes":{%s}}' % pairs)
    assert error.message == f"The request has more than {MAX_ELEMENTS} elements."


def test_the_number_of_reported_violations_is_limited(catalog: ModelCatalog) -> None:
    metrics = b"&".join(b"MetricData.member.%d.Value=1" % number for number in range(1, 5_000))
    body = b"Action=PutMetricData&Namespace=n&" + metrics
    error = rejection(catalog, b"monitoring", body, content_type=b"application/x-www-form-urlencoded")
    assert error.message.startswith(f"{MAX_VIOLATIONS} validation errors detected")


@pytest.mark.parametrize("depth", [900, 1_000, 5_000])
@pytest.mark.parametrize("number", [b"1", b"1234567890123456789", b"9" * 5_000])
def test_deep_nesting_and_long_numbers_are_serialization_errors(
    catalog: ModelCatalog, depth: int, number: bytes
) -> None:
    body = b'{"x":%s,"QueueUrl":%s%s}' % (number, b"[" * depth, b"]" * depth)
    assert reject_sqs(catalog, b"SendMessage", body).code == "SerializationException"


def test_the_numbers_of_brackets_and_bytes_of_a_body_are_limited() -> None:
    with pytest.raises(AwsError, match="too many objects"):
        aws_json.read_object(b'{"a":[' + b"{}," * aws_json.MAX_BRACKETS + b"{}]}")
    with pytest.raises(AwsError, match="more than"):
        cbor.read_map(b"\xa1\x61a\x80" + b"\x00" * cbor.MAX_BODY_BYTES)
