"""Only holders of credentials are admitted; others are rejected in AWS's words, in the protocol of the request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.access.console_session import LIFETIME_MILLISECONDS, cookie_name, issue_session
from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.access.gate import admit_key, admit_monitoring, admit_signed
from lamplighter.wire.access.people import People, of_owner
from lamplighter.wire.access.roles import Role
from lamplighter.wire.access.sigv4 import read_signature
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.route import encode_error

MakeRequest = Callable[..., HttpRequest]
ParseResponse = Callable[[str, str, Response], Json]
HOLDERS = {"AKIAEXAMPLE": Credentials("AKIAEXAMPLE", "secret", "password", "token")}
METRICS = HttpRequest("GET", b"/_lamplighter/metrics", b"", {b"host": b"h"}, b"")


def signing_time(http: HttpRequest) -> int:
    return int(datetime.strptime(read_signature(http).time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)


def with_authorization(token: bytes) -> HttpRequest:
    return replace(METRICS, headers={**METRICS.headers, b"authorization": token})


def test_a_request_signed_by_a_holder_is_admitted(make_request: MakeRequest) -> None:
    http = make_request("states", "ListStateMachines", {})
    admit_signed(http, HOLDERS, signing_time(http))


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "wrong"),
    [
        ("states", "ListStateMachines", "UnrecognizedClientException", "InvalidSignatureException"),
        ("scheduler", "ListSchedules", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sqs", "ListQueues", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("sns", "ListTopics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("cloudformation", "ListStacks", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ],
)
def test_other_requests_are_rejected_in_the_words_of_the_service(
    make_request: MakeRequest,
    parse_response: ParseResponse,
    catalog: ModelCatalog,
    service: str,
    operation: str,
    unknown: str,
    wrong: str,
) -> None:
    for key, code in (("AKIASTRANGER", unknown), ("AKIAEXAMPLE", wrong)):
        http = make_request(service, operation, {}, key=key)
        with pytest.raises(AwsError) as caught:
            admit_signed(http, {"AKIAEXAMPLE": replace(HOLDERS["AKIAEXAMPLE"], secret="another")}, signing_time(http))
        answer = encode_error(catalog, http, caught.value, "id")
        assert (answer.status, parse_response(service, operation, answer)["Error"]["Code"]) == (403, code)


def test_a_signature_with_the_secret_of_another_holder_is_rejected(make_request: MakeRequest) -> None:
    http = make_request("states", "ListStateMachines", {}, key="OTHER")
    with pytest.raises(AwsError, match="does not match"):
        admit_signed(http, {**HOLDERS, "OTHER": Credentials("OTHER", "other secret", "p")}, signing_time(http))


def test_monitoring_needs_the_token_or_a_signature(make_request: MakeRequest) -> None:
    admit_monitoring(with_authorization(b"Bearer token"), People(HOLDERS), 0)
    http = make_request("states", "ListStateMachines", {})
    admit_monitoring(http, People(HOLDERS), signing_time(http))


def test_a_console_session_is_enough_for_monitoring() -> None:
    cookie = f"{cookie_name(HOLDERS)}={issue_session(of_owner(HOLDERS['AKIAEXAMPLE']), 0)}".encode()
    admit_monitoring(replace(METRICS, headers={b"cookie": cookie}), People(HOLDERS), 1)
    with pytest.raises(AwsError):
        admit_monitoring(replace(METRICS, headers={b"cookie": cookie}), People(HOLDERS), LIFETIME_MILLISECONDS)


@pytest.mark.parametrize(
    "token", [b"", b"Bearer", b"Bearer ", b"Bearer tokens", b"Basic token", b"Bearer \xff", b"token"]
)
def test_any_other_token_is_rejected(token: bytes) -> None:
    holders = {**HOLDERS, "B": Credentials("B", "s", "p")}
    with pytest.raises(AwsError):
        admit_monitoring(with_authorization(token), People(holders), 0)


def test_a_token_is_only_for_monitoring() -> None:
    with pytest.raises(AwsError):
        admit_signed(with_authorization(b"Bearer token"), HOLDERS, 0)


@pytest.mark.parametrize(("role", "admitted"), [(Role.LOOK, False), (Role.RUN, False), (Role.CHANGE, True)])
def test_the_audit_log_needs_a_signature_of_a_key_that_may_change_everything(
    make_request: MakeRequest, role: Role, admitted: bool
) -> None:
    http = make_request("states", "ListStateMachines", {})
    holders = {"AKIAEXAMPLE": replace(HOLDERS["AKIAEXAMPLE"], role=role)}
    if admitted:
        admit_key(http, holders, signing_time(http), Role.CHANGE)
    else:
        with pytest.raises(AwsError, match="needs a key with the role change"):
            admit_key(http, holders, signing_time(http), Role.CHANGE)
    with pytest.raises(AwsError):
        admit_key(with_authorization(b"Bearer token"), holders, 0, Role.CHANGE)
