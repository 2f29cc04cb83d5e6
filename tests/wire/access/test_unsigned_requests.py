"""The requests that need no signature, and nothing beside them."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.access import unsigned_requests
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.route import encode_error, route_request

CONFIRM = b"Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:1:t&Token=abc"
TARGET = {b"x-amz-target": b"AWSStepFunctions.ListStateMachines"}
LEAVE = b"Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:1:t:s"


def get(
    query: bytes,
    method: str = "GET",
    path: bytes = b"/",
    body: bytes = b"",
    headers: Mapping[bytes, bytes] = MappingProxyType({}),
) -> HttpRequest:
    return HttpRequest(method, path, query, {**headers, b"host": b"localhost"}, body)


def test_a_link_is_understood_and_nobody_has_signed_it(catalog: ModelCatalog) -> None:
    request = route_request(catalog, get(CONFIRM))
    assert (request.service, request.operation, request.account) == ("sns", "ConfirmSubscription", "")
    assert request.params == {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Token": "abc"}


def test_a_link_that_is_signed_after_all_has_an_account(catalog: ModelCatalog) -> None:
    signature = b"AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/sns/aws4_request, SignedHeaders=host"
    http = get(CONFIRM, method="POST", headers={b"authorization": signature})
    assert not unsigned_requests.is_unsigned_allowed(http)
    assert route_request(catalog, http).account == "111122223333"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", [b"/confirmation.html", b"/unsubscribe.html"])
def test_a_page_of_a_mail_is_open(method: str, path: bytes) -> None:
    assert unsigned_requests.is_subscription_page(get(b"x=y", method, path))
    assert not unsigned_requests.is_subscription_page(get(b"x=y", "PUT", path))
    assert not unsigned_requests.is_subscription_page(get(b"x=y", method, path + b"x"))
    assert not unsigned_requests.is_subscription_page(get(b"x=y", method, path, headers={b"authorization": b"x"}))
    assert not unsigned_requests.is_subscription_page(get(b"X-Amz-Credential=y", method, path))


def test_the_link_that_unsubscribes_is_a_page_and_no_operation(catalog: ModelCatalog) -> None:
    assert unsigned_requests.is_subscription_page(get(LEAVE))
    assert not unsigned_requests.is_confirmation_link(get(LEAVE))
    assert not unsigned_requests.is_unsigned_allowed(get(LEAVE, method="POST"))
    with pytest.raises(AwsError, match="Missing Authentication Token"):
        route_request(catalog, get(LEAVE))


@pytest.mark.parametrize(
    "http",
    [
        get(b"Action=Publish&TopicArn=arn:aws:sns:us-east-1:1:t&Message=m"),
        get(b"Action=DeleteTopic&TopicArn=arn:aws:sns:us-east-1:1:t"),
        get(b"Action=Subscribe&TopicArn=t&Protocol=lamplighter%3Acommand&Endpoint=id"),
        get(b"Action=DeleteTopic&Action=Unsubscribe&TopicArn=t"),
        get(b"", body=LEAVE, method="POST"),
        get(LEAVE),
        get(LEAVE, method="POST"),
        get(CONFIRM, method="POST"),
        get(CONFIRM, method="HEAD"),
        get(b"Action=DeleteTopic&Action=ConfirmSubscription&TopicArn=t&Token=t"),
        get(CONFIRM, path=b"/queue"),
        get(CONFIRM, body=b"Action=DeleteTopic&TopicArn=t"),
        get(LEAVE, path=b"/queue"),
        get(LEAVE, body=b"Action=DeleteTopic&TopicArn=t"),
        get(b"", headers=TARGET),
    ],
)
def test_nothing_else_goes_without_a_signature(catalog: ModelCatalog, http: HttpRequest) -> None:
    with pytest.raises(AwsError) as error:
        route_request(catalog, http)
    assert error.value.status in (400, 403)
    assert error.value.code in ("MissingAuthenticationTokenException", "UnknownOperationException")


def test_a_target_beside_a_link_makes_it_no_other_operation(catalog: ModelCatalog) -> None:
    with pytest.raises(AwsError):
        route_request(catalog, get(CONFIRM, headers=TARGET))


def test_an_error_of_a_link_is_told_as_sns_tells_it(catalog: ModelCatalog) -> None:
    answer = encode_error(catalog, get(CONFIRM), AwsError("Invalid parameter: Token", code="InvalidParameter"), "r")
    assert b"<Code>InvalidParameter</Code>" in answer.body
