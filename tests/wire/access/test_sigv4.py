"""Signatures as botocore makes them are read, verified and, when anything was changed, refused."""

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

Ask = Callable[..., HttpRequest]
UNSIGNED = "UNSIGNED-PAYLOAD"
START = {"stateMachineArn": "arn:x", "name": "one"}


def signed_at(http: HttpRequest) -> int:
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
    ask: Ask, service: str, operation: str, params: dict[str, object], presigned: bool
) -> None:
    http = ask(service, operation, params, presigned=presigned)
    verify_signature(http, "secret", signed_at(http))
    with pytest.raises(AwsError, match="does not match the signature"):
        verify_signature(http, "other secret", signed_at(http))


def test_the_scope_is_read_from_the_header_and_from_the_query(ask: Ask) -> None:
    for presigned in (False, True):
        found = read_scope(ask("states", "StartExecution", START, key="with/slash", presigned=presigned))
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
def test_whatever_was_changed_after_signing_is_noticed(ask: Ask, change: Callable[[HttpRequest], HttpRequest]) -> None:
    http = ask("states", "StartExecution", START)
    with pytest.raises(AwsError) as caught:
        verify_signature(change(http), "secret", signed_at(http))
    assert (caught.value.code, caught.value.status) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize(("minutes", "good"), [(-16, False), (-15, True), (0, True), (15, True), (16, False)])
def test_a_clock_may_be_fifteen_minutes_off(ask: Ask, minutes: int, good: bool) -> None:
    http = ask("states", "StartExecution", START)
    now = signed_at(http) + minutes * 60_000
    if good:
        verify_signature(http, "secret", now)
    else:
        with pytest.raises(AwsError, match=r"Signature (expired|not yet current): \d{8}T\d{6}Z is .* 15 min\.\)"):
            verify_signature(http, "secret", now)


def test_a_presigned_request_is_good_for_as_long_as_it_says(ask: Ask) -> None:
    http = ask("sns", "ListTopics", {}, presigned=True)
    assert b"X-Amz-Expires=3600" in http.query
    verify_signature(http, "secret", signed_at(http) + 3_600_000)
    with pytest.raises(AwsError) as caught:
        verify_signature(http, "secret", signed_at(http) + 3_601_000)
    assert caught.value.code == "RequestExpired"


def test_a_presigned_request_is_good_for_seven_days_at_most(ask: Ask) -> None:
    http = ask("sns", "ListTopics", {}, presigned=True)
    forever = replace(http, query=http.query.replace(b"X-Amz-Expires=3600", b"X-Amz-Expires=999999"))
    with pytest.raises(AwsError) as caught:
        verify_signature(forever, "secret", signed_at(http) + MAX_PRESIGNED_SECONDS * 1000 + 1000)
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
def test_a_signature_with_a_part_missing_is_incomplete(header: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        verify_signature(HttpRequest("POST", b"/", b"", {b"authorization": header}, b""), "secret", 0)
    assert caught.value.code == "IncompleteSignature"


def test_a_date_that_no_calendar_has_is_incomplete() -> None:
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
    verify_signature(http, "secret", signed_at(http))


def test_what_names_the_operation_must_be_signed(ask: Ask) -> None:
    http = ask("states", "StartExecution", START)
    header = http.headers[b"authorization"].replace(b";x-amz-target", b"")
    with pytest.raises(AwsError, match="'x-amz-target' must be a 'SignedHeader'"):
        verify_signature(replace(http, headers={**http.headers, b"authorization": header}), "secret", signed_at(http))


def test_the_host_must_be_signed(ask: Ask) -> None:
    http = ask("states", "StartExecution", START)
    header = http.headers[b"authorization"].replace(b"host;", b"")
    with pytest.raises(AwsError, match="'Host' or ':authority' must be a 'SignedHeader'"):
        verify_signature(replace(http, headers={**http.headers, b"authorization": header}), "secret", signed_at(http))


def test_a_hash_that_the_client_states_does_not_stand_for_the_body(ask: Ask) -> None:
    """An unsigned payload is S3's, over TLS: here the body could be anybody's."""
    request = AWSRequest("POST", "http://localhost:4566/", data=b"{}", headers={"X-Amz-Content-SHA256": UNSIGNED})
    signer = SigV4Auth(Credentials("k", "secret"), "states", "r")
    with mock.patch.object(signer, "payload", return_value=UNSIGNED):
        signer.add_auth(request)
    headers = {str(name).lower().encode(): str(value).encode() for name, value in request.headers.items()}
    http = HttpRequest("POST", b"/", b"", {b"host": b"localhost:4566", **headers}, b"{}")
    with pytest.raises(AwsError, match="does not match"):
        verify_signature(http, "secret", signed_at(http))


@given(st.data())
def test_no_byte_that_is_signed_can_be_changed(ask: Ask, data: st.DataObject) -> None:
    http = ask("scheduler", "ListSchedules", {"NamePrefix": "a b+c~", "MaxResults": 3})
    names = [name.encode() for name in read_signature(http).signed_headers.split(";")]
    places: list[str | bytes] = ["method", "path", "query", "body", *names]
    changed = _changed(http, data.draw(st.sampled_from(places)), data)
    if _asked(changed, names) != _asked(http, names):
        with pytest.raises(AwsError):
            verify_signature(changed, "secret", signed_at(http))


def _changed(http: HttpRequest, place: str | bytes, data: st.DataObject) -> HttpRequest:
    """A request of which one place has a piece taken out and another put in."""
    if isinstance(place, bytes):
        return replace(http, headers={**http.headers, place: _edited(http.headers[place], data)})
    if place == "method":
        return replace(http, method=_edited(http.method.encode(), data).decode("latin-1"))
    if place == "path":
        return replace(http, path=_edited(http.path, data))
    if place == "query":
        return replace(http, query=_edited(http.query, data))
    return replace(http, body=_edited(http.body, data))


def _edited(old: bytes, data: st.DataObject) -> bytes:
    start, gone = data.draw(st.integers(0, len(old))), data.draw(st.integers(0, 2))
    return (
        old[:start]
        + data.draw(st.binary(max_size=3) | st.sampled_from([b"&", b"=", b"%20", b"+"]))
        + old[start + gone :]
    )


def _asked(http: HttpRequest, signed: list[bytes]) -> object:
    """What of a request decides what is done: what is spelled otherwise and means the same is the same."""
    headers = [b" ".join(http.headers[name].split()) for name in signed]
    return http.method, http.path, sorted(parse_fields(http.query)), headers, http.body
