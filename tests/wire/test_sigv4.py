"""Signatures as botocore makes them are read, verified and, when anything was changed, refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.sigv4 import Scope, read, scope, verify

Ask = Callable[..., HttpRequest]
START = {"stateMachineArn": "arn:x", "name": "one"}


def signed_at(http: HttpRequest) -> int:
    return int(datetime.strptime(read(http).time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize("presigned", [False, True])
@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("states", "StartExecution", START),
        ("scheduler", "ListSchedules", {"NamePrefix": "a b+c/d~é", "MaxResults": 3}),
        (
            "scheduler",
            "ListTagsForResource",
            {"ResourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/g"},
        ),
        ("sns", "ListTopics", {}),
    ],
)
def test_a_signature_made_by_botocore_is_verified(
    ask: Ask, service: str, operation: str, params: dict[str, object], presigned: bool
) -> None:
    http = ask(service, operation, params, presigned=presigned)
    verify(http, "secret", signed_at(http))
    with pytest.raises(AwsError, match="does not match the signature"):
        verify(http, "other secret", signed_at(http))


def test_the_scope_is_read_from_the_header_and_from_the_query(ask: Ask) -> None:
    for presigned in (False, True):
        found = scope(ask("states", "StartExecution", START, key="with/slash", presigned=presigned))
        assert found == Scope("with/slash", found.date, "eu-west-1", "states")


CHANGES: list[Callable[[HttpRequest], HttpRequest]] = [
    lambda http: replace(http, body=http.body + b" "),
    lambda http: replace(http, path=b"/other"),
    lambda http: replace(http, method="GET"),
    lambda http: replace(http, query=b"a=b"),
    lambda http: replace(http, headers={**http.headers, b"x-amz-target": b"AWSStepFunctions.StopExecution"}),
    lambda http: replace(http, headers={**http.headers, b"host": b"elsewhere"}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_was_changed_after_signing_is_noticed(ask: Ask, change: Callable[[HttpRequest], HttpRequest]) -> None:
    http = ask("states", "StartExecution", START)
    with pytest.raises(AwsError) as caught:
        verify(change(http), "secret", signed_at(http))
    assert (caught.value.code, caught.value.status) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize(("minutes", "good"), [(-16, False), (-15, True), (0, True), (15, True), (16, False)])
def test_a_clock_may_be_fifteen_minutes_off(ask: Ask, minutes: int, good: bool) -> None:
    http = ask("states", "StartExecution", START)
    now = signed_at(http) + minutes * 60_000
    if good:
        verify(http, "secret", now)
    else:
        with pytest.raises(AwsError, match="Signature expired"):
            verify(http, "secret", now)


def test_a_presigned_request_is_good_for_as_long_as_it_says(ask: Ask) -> None:
    http = ask("sns", "ListTopics", {}, presigned=True)
    assert b"X-Amz-Expires=3600" in http.query
    verify(http, "secret", signed_at(http) + 3_600_000)
    with pytest.raises(AwsError, match="Signature expired"):
        verify(http, "secret", signed_at(http) + 3_601_000)


@pytest.mark.parametrize(
    "header",
    [
        b"AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, SignedHeaders=host",
        b"AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, Signature=0",
        b"AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4_request, SignedHeaders=host, Signature=0",
        b"AWS4-HMAC-SHA256 Credential=k/20260101/r/s/aws4, SignedHeaders=host, Signature=0",
        b"AWS4-HMAC-SHA256 Credential=k/20260101/r r/s/aws4_request, SignedHeaders=host, Signature=0",
    ],
)
def test_a_signature_with_a_part_missing_is_incomplete(header: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        verify(HttpRequest("POST", b"/", b"", {b"authorization": header}, b""), "secret", 0)
    assert caught.value.code == "IncompleteSignature"


def test_a_date_that_no_calendar_has_is_incomplete() -> None:
    header = b"AWS4-HMAC-SHA256 Credential=k/20261301/r/s/aws4_request, SignedHeaders=host, Signature=0"
    headers = {b"authorization": header, b"x-amz-date": b"20261301T000000Z"}
    with pytest.raises(AwsError) as caught:
        verify(HttpRequest("POST", b"/", b"", headers, b""), "secret", 0)
    assert caught.value.code == "IncompleteSignature"


@given(
    st.dictionaries(st.text("ab &=+/%é~*", min_size=1, max_size=4), st.text("ab &=+/%é~*", max_size=4), max_size=3),
    st.binary(max_size=20),
    st.booleans(),
)
def test_any_query_and_body_that_botocore_signs_is_verified(
    params: dict[str, str], body: bytes, presigned: bool
) -> None:
    request = AWSRequest("POST", "http://localhost:4566/a%20b", params=params, data=b"" if presigned else body)
    (SigV4QueryAuth if presigned else SigV4Auth)(Credentials("k", "secret"), "sns", "r").add_auth(request)
    prepared = request.prepare()
    headers = {str(name).lower().encode(): str(value).encode() for name, value in prepared.headers.items()}
    raw = str(prepared.url).partition("?")[2].encode()
    http = HttpRequest("POST", b"/a%20b", raw, {b"host": b"localhost:4566", **headers}, b"" if presigned else body)
    verify(http, "secret", signed_at(http))
