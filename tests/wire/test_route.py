"""Any request is routed or rejected in AWS's words, in the protocol of its caller."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError, MissingAuthentication, UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.route import RoutedRequest, encode_error, encode_result, route_request

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:night"
START = {"stateMachineArn": MACHINE, "name": "one"}
MakeRequest = Callable[..., HttpRequest]
ParseResponse = Callable[..., Json]


def signed_headers(service: str, **headers: str) -> dict[bytes, bytes]:
    credential = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
    return {
        b"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0".encode(),
        **{name.replace("_", "-").encode(): value.encode() for name, value in headers.items()},
    }


def test_the_request_of_the_benchmark_is_routed(catalog: ModelCatalog) -> None:
    headers = signed_headers(
        "states", x_amz_target="AWSStepFunctions.StartExecution", content_type="application/x-amz-json-1.0"
    )
    body = b'{"name": "one", "stateMachineArn": "%s"}' % MACHINE.encode()
    request = route_request(catalog, HttpRequest("POST", b"/", b"", headers, body))
    assert (request.service, request.operation, request.region) == ("states", "StartExecution", "us-east-1")
    assert (request.access_key, request.account, request.params) == ("test", "123456789012", START)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_an_operation_of_a_json_service_can_be_called_only_with_post(
    catalog: ModelCatalog, make_request: MakeRequest, method: str
) -> None:
    with pytest.raises(UnknownOperation, match="with POST"):
        route_request(catalog, replace(make_request("states", "StartExecution", START), method=method))


def test_an_access_key_of_twelve_digits_names_the_account(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    http = make_request("states", "StartExecution", START, key="000000000042")
    assert route_request(catalog, http).account == "000000000042"


def test_any_other_access_key_means_the_default_account(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    http = make_request("states", "StartExecution", START, key="0000000000421")
    assert route_request(catalog, http, "999999999999").account == "999999999999"


def test_a_presigned_query_is_a_signature(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    request = route_request(catalog, make_request("sns", "ListTopics", {"NextToken": "a b"}, presigned=True))
    assert (request.operation, request.region, request.params) == ("ListTopics", "eu-west-1", {"NextToken": "a b"})


def test_a_null_member_is_handled_as_absent(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    http = replace(
        make_request("states", "StartExecution", START), body=b'{"stateMachineArn":"%s","name":null}' % MACHINE.encode()
    )
    assert route_request(catalog, http).params == {"stateMachineArn": MACHINE}


def test_a_request_without_a_signature_is_rejected(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    http = make_request("states", "StartExecution", START)
    with pytest.raises(MissingAuthentication, match="Missing Authentication Token"):
        route_request(catalog, replace(http, headers={b"x-amz-target": http.headers[b"x-amz-target"]}))


@pytest.mark.parametrize(
    "credential", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=, Signature="]
)
def test_a_signature_without_a_scope_is_rejected(catalog: ModelCatalog, credential: str) -> None:
    with pytest.raises(AwsError, match="Credential must have exactly 5 slash-delimited elements") as caught:
        route_request(catalog, HttpRequest("POST", b"/", b"", {b"authorization": credential.encode()}, b""))
    assert caught.value.code == "IncompleteSignature"


@pytest.mark.parametrize(
    "http",
    [
        HttpRequest("POST", b"/", b"", signed_headers("states", x_amz_target="AWSStepFunctions.Dance"), b"{}"),
        HttpRequest("POST", b"/", b"", signed_headers("states", x_amz_target="AWSStepFunctions"), b"{}"),
        HttpRequest("POST", b"/", b"", signed_headers("states", x_amz_target="Nobody.StartExecution"), b"{}"),
        HttpRequest("POST", b"/", b"", signed_headers("states"), b"{}"),
        HttpRequest("PATCH", b"/schedules/a", b"", signed_headers("scheduler"), b"{}"),
        HttpRequest("GET", b"/schedules/a/b", b"", signed_headers("scheduler"), b"{}"),
        HttpRequest("GET", b"/", b"Action=Dance", signed_headers("sns"), b""),
        HttpRequest("GET", b"/", b"Action=RunTask", signed_headers("ecs"), b""),
        HttpRequest("GET", b"/", b"Action=ListTopics", signed_headers("nobody"), b""),
    ],
)
def test_an_operation_that_no_service_has_is_unknown(catalog: ModelCatalog, http: HttpRequest) -> None:
    with pytest.raises(UnknownOperation):
        route_request(catalog, http)


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"name": "\\ud800"}', b"[" * 5000, b'{"a":' * 900])
def test_a_body_that_is_no_json_object_is_a_serialization_error(catalog: ModelCatalog, body: bytes) -> None:
    headers = signed_headers("states", x_amz_target="AWSStepFunctions.StartExecution")
    with pytest.raises(AwsError) as caught:
        route_request(catalog, HttpRequest("POST", b"/", b"", headers, body))
    assert caught.value.code == "SerializationException"


def test_a_member_that_the_operation_does_not_have_is_left_out(
    catalog: ModelCatalog, make_request: MakeRequest
) -> None:
    """IAM would decide about the resource that it names, and the operation would act on another one."""
    body = b'{"stateMachineArn":"%s","mapRunArn":"arn:allowed"}' % MACHINE.encode()
    http = replace(make_request("states", "StartExecution", START), body=body)
    assert route_request(catalog, http).params == {"stateMachineArn": MACHINE}


def test_deeply_nested_json_is_ignored_like_any_unknown_member(catalog: ModelCatalog) -> None:
    headers = signed_headers("states", x_amz_target="AWSStepFunctions.ListStateMachines")
    deep = b'{"x":' * 1000 + b"null" + b"}" * 1000
    assert route_request(catalog, HttpRequest("POST", b"/", b"", headers, deep)).params == {}


@pytest.mark.parametrize(
    ("service", "operation", "protocol", "code", "expected_code", "status"),
    [
        ("states", "StartExecution", "json", "InvalidArn", "InvalidArn", 400),
        ("ecs", "RunTask", "json", "ClusterNotFoundException", "ClusterNotFoundException", 400),
        ("events", "PutEvents", "json", "ResourceNotFoundException", "ResourceNotFoundException", 400),
        ("logs", "PutLogEvents", "json", "ResourceNotFoundException", "ResourceNotFoundException", 400),
        ("scheduler", "GetSchedule", "rest-json", "ResourceNotFoundException", "ResourceNotFoundException", 404),
        ("scheduler", "GetSchedule", "rest-json", "ConflictException", "ConflictException", 409),
        ("sns", "Publish", "query", "NotFoundException", "NotFound", 404),
        ("sns", "Publish", "query", "NotFound", "NotFound", 404),
        ("cloudformation", "CreateStack", "query", "ValidationError", "ValidationError", 400),
        ("sqs", "SendMessage", "json", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", 400),
        ("sqs", "SendMessage", "query", "QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently", 400),
        ("sqs", "SendMessage", "json", "OverLimit", "OverLimit", 400),
    ],
)
def test_botocore_parses_the_errors_of_every_service(
    catalog: ModelCatalog,
    make_request: MakeRequest,
    parse_response: ParseResponse,
    service: str,
    operation: str,
    protocol: str,
    code: str,
    expected_code: str,
    status: int,
) -> None:
    http = make_request(service, operation, {"Name": "n"} if service == "scheduler" else {}, protocol=protocol)
    parsed = parse_response(
        service, operation, encode_error(catalog, http, AwsError("<no> & 'ü'", code=code), "id-1"), protocol=protocol
    )
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (expected_code, "<no> & 'ü'")
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == status
    assert parsed["ResponseMetadata"]["RequestId"] == "id-1"


def test_an_error_keeps_its_own_status(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    http = make_request("scheduler", "GetSchedule", {"Name": "n"})
    assert encode_error(catalog, http, AwsError("later", code="ConflictException", status=503), "id-1").status == 503


def test_the_message_has_the_member_name_of_the_error_s_shape(catalog: ModelCatalog, make_request: MakeRequest) -> None:
    error = AwsError("no", code="ValidationException")
    assert (
        b'"message":"no"' in encode_error(catalog, make_request("states", "StartExecution", START), error, "id-1").body
    )
    assert (
        encode_error(catalog, make_request("scheduler", "GetSchedule", {"Name": "n"}), error, "id-1").body
        == b'{"Message":"no"}'
    )


@pytest.mark.parametrize(
    ("headers", "query", "kind", "expected"),
    [
        ({b"x-amz-target": b"AWSStepFunctions.StartExecution"}, b"", b"application/x-amz-json-1.0", b'"__type"'),
        ({b"x-amz-target": b"AmazonEC2ContainerServiceV20141113.X"}, b"", b"application/x-amz-json-1.1", b'"__type"'),
        ({b"x-amz-target": b"Nobody.Nothing"}, b"", b"application/x-amz-json-1.0", b'"__type"'),
        (
            {b"content-type": b"application/x-www-form-urlencoded"},
            b"",
            b"text/xml",
            b"<Code>MissingAuthenticationToken<",
        ),
        ({}, b"Action=ListTopics", b"text/xml", b"<Type>Sender</Type>"),
        ({}, b"", b"application/json", b'"message":"Missing Authentication Token"'),
    ],
)
def test_an_unrecognised_request_is_answered_in_its_apparent_protocol(
    catalog: ModelCatalog, headers: dict[bytes, bytes], query: bytes, kind: bytes, expected: bytes
) -> None:
    http = HttpRequest("POST", b"/", query, headers, b"")
    response = encode_error(catalog, http, MissingAuthentication("Missing Authentication Token"), "id-1")
    assert response.status == 403
    assert dict(response.headers)[b"content-type"] == kind
    assert expected in response.body


NAMES = st.sampled_from([b"authorization", b"x-amz-target", b"content-type", b"host", b"x-amz-date", b"other"])
TARGETS = st.sampled_from(
    [b"AWSStepFunctions.StartExecution", b"AmazonSQS.SendMessage", b"AmazonSQS.", b"Logs_20140328.X"]
)
SIGNATURES = st.sampled_from([*map(signed_headers, ("states", "scheduler", "sns", "sqs", "cloudformation", "x"))])
QUERIES = st.sampled_from(
    [b"Action=Publish&MessageAttributes.entry.1.Value=%ff", b"Action=ListTopics", b"maxResults=x"]
)
BODIES = st.sampled_from([
    b'{"QueueUrl":"u","MessageBody":"b","MessageAttributes":{"a":{"BinaryValue":"*","DataType":"Binary"}}}',
    b"Action=SendMessage&DelaySeconds=1_0&Attribute.1.Name=a&Attribute=b&MessageAttribute.1.Value.BinaryValue=%00",
    b"Action=CreateStack&Parameters.member.x.ParameterKey=1&Parameters=&Tags.member.99999999999.Key=a&" + b"a." * 99,
    b'{"stateMachineArn":[],"name":{},"input":1e999}',
])  # fmt: skip


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]) | st.text(max_size=4),
    path=st.sampled_from([b"/", b"/schedules/%ff", b"/tags/a%2Fb", b"/123456789012/q", b""]) | st.binary(max_size=20),
    query=QUERIES | st.binary(max_size=20),
    headers=st.dictionaries(NAMES, st.binary(max_size=20) | TARGETS, max_size=3),
    signature=SIGNATURES | st.just({}),
    form=st.booleans(),
    body=BODIES | st.binary(max_size=40),
)
def test_any_bytes_are_routed_or_an_aws_error_and_both_are_answered(
    method: str, path: bytes, query: bytes, headers: dict[bytes, bytes], signature: Json, form: bool, body: bytes
) -> None:
    kind = {b"content-type": b"application/x-www-form-urlencoded"} if form else {}
    http = HttpRequest(method, path, query, headers | signature | kind, body)
    try:
        result: RoutedRequest | AwsError = route_request(SHARED, http)
    except AwsError as error:
        result = error
    if isinstance(result, RoutedRequest):
        assert encode_result(result, None, "id-1").status == 200
    else:
        assert encode_error(SHARED, http, result, "id-1").status >= 400


SHARED = ModelCatalog()
"""Compiled once for all examples of the property."""
