"""Only holders come in, and others are turned away in AWS's words, in the protocol that they speak."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.wire.access.console_session import LIFETIME_MILLISECONDS, cookie_name, issue_session
from lamplighter.wire.access.credentials import Credentials
from lamplighter.wire.access.gate import admit_monitoring, admit_signed
from lamplighter.wire.access.sigv4 import read_signature
from lamplighter.wire.http import HttpRequest, Response
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.route import encode_error

Ask = Callable[..., HttpRequest]
Hear = Callable[[str, str, Response], Json]
HOLDERS = {"AKIAEXAMPLE": Credentials("AKIAEXAMPLE", "secret", "password", "token")}
METRICS = HttpRequest("GET", b"/_lamplighter/metrics", b"", {b"host": b"h"}, b"")


def signed_at(http: HttpRequest) -> int:
    return int(datetime.strptime(read_signature(http).time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)


def bearing(token: bytes) -> HttpRequest:
    return replace(METRICS, headers={**METRICS.headers, b"authorization": token})


def test_a_holder_comes_in(ask: Ask) -> None:
    http = ask("states", "ListStateMachines", {})
    admit_signed(http, HOLDERS, signed_at(http))


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "wrong"),
    [
        ("states", "ListStateMachines", "UnrecognizedClientException", "InvalidSignatureException"),
        ("scheduler", "ListSchedules", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sqs", "ListQueues", "UnrecognizedClientException", "InvalidSignatureException"),
        ("sns", "ListTopics", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("cloudformation", "ListStacks", "InvalidClientTokenId", "SignatureDoesNotMatch"),
    ],
)
def test_others_are_turned_away_in_the_words_of_the_service(
    ask: Ask, hear: Hear, catalog: ModelCatalog, service: str, operation: str, unknown: str, wrong: str
) -> None:
    for key, code in (("AKIASTRANGER", unknown), ("AKIAEXAMPLE", wrong)):
        http = ask(service, operation, {}, key=key)
        with pytest.raises(AwsError) as caught:
            admit_signed(http, {"AKIAEXAMPLE": replace(HOLDERS["AKIAEXAMPLE"], secret="another")}, signed_at(http))
        answer = encode_error(catalog, http, caught.value, "id")
        assert (answer.status, hear(service, operation, answer)["Error"]["Code"]) == (403, code)


def test_the_key_of_another_holder_does_not_pass_for_ones_own(ask: Ask) -> None:
    http = ask("states", "ListStateMachines", {}, key="OTHER")
    with pytest.raises(AwsError, match="does not match"):
        admit_signed(http, {**HOLDERS, "OTHER": Credentials("OTHER", "other secret", "p")}, signed_at(http))


def test_who_watches_bears_the_token_or_signs(ask: Ask) -> None:
    admit_monitoring(bearing(b"Bearer token"), HOLDERS, 0)
    http = ask("states", "ListStateMachines", {})
    admit_monitoring(http, HOLDERS, signed_at(http))


def test_who_has_logged_in_to_the_console_watches_too() -> None:
    shown = f"{cookie_name(HOLDERS)}={issue_session(HOLDERS['AKIAEXAMPLE'], 0)}".encode()
    admit_monitoring(replace(METRICS, headers={b"cookie": shown}), HOLDERS, 1)
    with pytest.raises(AwsError):
        admit_monitoring(replace(METRICS, headers={b"cookie": shown}), HOLDERS, LIFETIME_MILLISECONDS)


@pytest.mark.parametrize(
    "token", [b"", b"Bearer", b"Bearer ", b"Bearer tokens", b"Basic token", b"Bearer \xff", b"token"]
)
def test_no_other_token_is_let_in(token: bytes) -> None:
    nameless = {**HOLDERS, "B": Credentials("B", "s", "p")}
    with pytest.raises(AwsError):
        admit_monitoring(bearing(token), nameless, 0)


def test_a_token_does_nothing_but_watch() -> None:
    with pytest.raises(AwsError):
        admit_signed(bearing(b"Bearer token"), HOLDERS, 0)
