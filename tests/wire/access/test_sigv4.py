"""Signatures of botocore are parsed and verified; any change after signing is rejected."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from unittest import mock

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.base.errors import AwsError
from lamplighter.wire.access.sigv4 import (
    MAX_PRESIGNED_SECONDS,
    CredentialScope,
    read_scope,
    read_signature,
    verify_signature,
)
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.protocols.form import parse_fields

MakeRequest = Callable[..., HttpRequest]
UNSIGNED = "UNSIGNED-PAYLOAD"
START = {"stateMachineArn": "arn:x", "name": "one"}


def signing_time(http: HttpRequest) -> int:
    return int(datetime.strptime(read_signature(http).time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)


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
    make_request: MakeRequest, service: str, operation: str, params: dict[str, object], presigned: bool
) -> None:
    http = make_request(service, operation, params, presigned=presigned)
    verify_signature(http, "secret", signing_time(http))
    with pytest.raises(AwsError, match="does not match the signature"):
        verify_signature(http, "other secret", signing_time(http))


def test_the_scope_is_read_from_the_header_and_from_the_query(make_request: MakeRequest) -> None:
    for presigned in (False, True):
        found = read_scope(make_request("states", "StartExecution", START, key="with/slash", presigned=presigned))
        assert found == CredentialScope("with/slash", found.date, "eu-west-1", "states")


CHANGES: list[Callable[[HttpRequest], HttpRequest]] = [
    lambda http: replace(http, body=http.body + b" "),
    lambda http: replace(http, path=b"/other"),
    lambda http: replace(http, method="GET"),
    lambda http: replace(http, query=b"a=b"),
    lambda http: replace(http, headers={**http.headers, b"x-amz-target": b"AWSStepFunctions.StopExecution"}),
    lambda http: replace(http, headers={**http.headers, b"host": b"elsewhere"}),
    lambda http: replace(http, headers={**http.headers, b"x-amz-security-token": b"added"}),
    lambda http: replace(http, headers={**http.headers, b"x-amz-content-sha256": b"UNSIGNED-PAYLOAD"}, body=b"other"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_after_signing_is_rejected(
    make_request: MakeRequest, change: Callable[[HttpRequest], HttpRequest]
) -> None:
    http = make_request("states", "StartExecution", START)
    with pytest.raises(AwsError) as caught:
        verify_signature(change(http), "secret", signing_time(http))
    assert (caught.value.code, caught.value.status) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize(("minutes", "valid"), [(-16, False), (-15, True), (0, True), (15, True), (16, False)])
def test_a_clock_can_differ_by_fifteen_minutes(make_request: MakeRequest, minutes: int, valid: bool) -> None:
    http = make_request("states", "StartExecution", START)
    now = signing_time(http) + minutes * 60_000
    if valid:
        verify_signature(http, "secret", now)
    else:
        with pytest.raises(AwsError, match=r"Signature (expired|not yet current): \d{8}T\d{6}Z is .* 15 min\.\)"):
            verify_signature(http, "secret", now)


def test_a_presigned_request_is_valid_until_it_expires(make_request: MakeRequest) -> None:
    http = make_request("sns", "ListTopics", {}, presigned=True)
    assert b"X-Amz-Expires=3600" in http.query
    verify_signature(http, "secret", signing_time(http) + 3_600_000)
    with pytest.raises(AwsError) as caught:
        verify_signature(http, "secret", signing_time(http) + 3_601_000)
    assert caught.value.code == "RequestExpired"


def test_a_presigned_request_is_valid_for_seven_days_at_most(make_request: MakeRequest) -> None:
    http = make_request("sns", "ListTopics", {}, presigned=True)
    longer = replace(http, query=http.query.replace(b"X-Amz-Expires=3600", b"X-Amz-Expires=999999"))
    with pytest.raises(AwsError) as caught:
        verify_signature(longer, "secret", signing_time(http) + MAX_PRESIGNED_SECONDS * 1000 + 1000)
    assert caught.value.code == "RequestExpired"


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
def test_a_signature_with_a_missing_or_invalid_part_is_incomplete(header: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        verify_signature(HttpRequest("POST", b"/", b"", {b"authorization": header}, b""), "secret", 0)
    assert caught.value.code == "IncompleteSignature"


def test_a_signature_with_an_impossible_date_is_incomplete() -> None:
    header = b"AWS4-HMAC-SHA256 Credential=k/20261301/r/s/aws4_request, SignedHeaders=host, Signature=0"
    headers = {b"authorization": header, b"x-amz-date": b"20261301T000000Z"}
    with pytest.raises(AwsError) as caught:
        verify_signature(HttpRequest("POST", b"/", b"", headers, b""), "secret", 0)
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
    verify_signature(http, "secret", signing_time(http))


def test_the_header_that_names_the_operation_must_be_signed(make_request: MakeRequest) -> None:
    http = make_request("states", "StartExecution", START)
    header = http.headers[b"authorization"].replace(b";x-amz-target", b"")
    with pytest.raises(AwsError, match="'x-amz-target' must be a 'SignedHeader'"):
        verify_signature(
            replace(http, headers={**http.headers, b"authorization": header}), "secret", signing_time(http)
        )


def test_the_host_must_be_signed(make_request: MakeRequest) -> None:
    http = make_request("states", "StartExecution", START)
    header = http.headers[b"authorization"].replace(b"host;", b"")
    with pytest.raises(AwsError, match="'Host' or ':authority' must be a 'SignedHeader'"):
        verify_signature(
            replace(http, headers={**http.headers, b"authorization": header}), "secret", signing_time(http)
        )


def test_the_content_hash_of_the_client_does_not_replace_the_body(make_request: MakeRequest) -> None:
    """S3 accepts unsigned payloads, over TLS; here anyone could have changed the body."""
    request = AWSRequest("POST", "http://localhost:4566/", data=b"{}", headers={"X-Amz-Content-SHA256": UNSIGNED})
    signer = SigV4Auth(Credentials("k", "secret"), "states", "r")
    with mock.patch.object(signer, "payload", return_value=UNSIGNED):
        signer.add_auth(request)
    headers = {str(name).lower().encode(): str(value).encode() for name, value in request.headers.items()}
    http = HttpRequest("POST", b"/", b"", {b"host": b"localhost:4566", **headers}, b"{}")
    with pytest.raises(AwsError, match="does not match"):
        verify_signature(http, "secret", signing_time(http))


@given(st.data())
def test_no_signed_byte_can_be_changed(make_request: MakeRequest, data: st.DataObject) -> None:
    http = make_request("scheduler", "ListSchedules", {"NamePrefix": "a b+c~", "MaxResults": 3})
    names = [name.encode() for name in read_signature(http).signed_headers.split(";")]
    parts: list[str | bytes] = ["method", "path", "query", "body", *names]
    changed = _change(http, data.draw(st.sampled_from(parts)), data)
    if _meaning(changed, names) != _meaning(http, names):
        with pytest.raises(AwsError):
            verify_signature(changed, "secret", signing_time(http))


def _change(http: HttpRequest, part: str | bytes, data: st.DataObject) -> HttpRequest:
    """Return the request with a piece of one part removed and another piece inserted."""
    if isinstance(part, bytes):
        return replace(http, headers={**http.headers, part: _edit(http.headers[part], data)})
    if part == "method":
        return replace(http, method=_edit(http.method.encode(), data).decode("latin-1"))
    if part == "path":
        return replace(http, path=_edit(http.path, data))
    if part == "query":
        return replace(http, query=_edit(http.query, data))
    return replace(http, body=_edit(http.body, data))


def _edit(old: bytes, data: st.DataObject) -> bytes:
    start, removed = data.draw(st.integers(0, len(old))), data.draw(st.integers(0, 2))
    return (
        old[:start]
        + data.draw(st.binary(max_size=3) | st.sampled_from([b"&", b"=", b"%20", b"+"]))
        + old[start + removed :]
    )


def _meaning(http: HttpRequest, signed: list[bytes]) -> object:
    """Return what decides the meaning of a request, so that different spellings of the same meaning are equal."""
    headers = [b" ".join(http.headers[name].split()) for name in signed]
    return http.method, http.path, sorted(parse_fields(http.query)), headers, http.body
