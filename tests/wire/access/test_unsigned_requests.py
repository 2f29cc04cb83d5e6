"""Some requests need no signature, and all others do."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.wire.access import unsigned_requests
from lamplighter.wire.http import HttpRequest
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.route import encode_error, route_request

CONFIRM_QUERY = b"Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-1:1:t&Token=abc"
TARGET_HEADER = {b"x-amz-target": b"AWSStepFunctions.ListStateMachines"}
UNSUBSCRIBE_QUERY = b"Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:1:t:s"


def make_http_request(
    query: bytes,
    method: str = "GET",
    path: bytes = b"/",
    body: bytes = b"",
    headers: Mapping[bytes, bytes] = MappingProxyType({}),
) -> HttpRequest:
    return HttpRequest(method, path, query, {**headers, b"host": b"localhost"}, body)


def test_a_confirmation_link_is_routed_without_an_account(catalog: ModelCatalog) -> None:
    request = route_request(catalog, make_http_request(CONFIRM_QUERY))
    assert (request.service, request.operation, request.account) == ("sns", "ConfirmSubscription", "")
    assert request.params == {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Token": "abc"}


def test_a_signed_confirmation_request_has_an_account(catalog: ModelCatalog) -> None:
    signature = b"AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/sns/aws4_request, SignedHeaders=host"
    http = make_http_request(CONFIRM_QUERY, method="POST", headers={b"authorization": signature})
    assert not unsigned_requests.is_unsigned_allowed(http)
    assert route_request(catalog, http).account == "111122223333"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("path", [b"/confirmation.html", b"/unsubscribe.html"])
def test_the_pages_that_mails_link_to_need_no_signature(method: str, path: bytes) -> None:
    assert unsigned_requests.is_subscription_page(make_http_request(b"x=y", method, path))
    assert not unsigned_requests.is_subscription_page(make_http_request(b"x=y", "PUT", path))
    assert not unsigned_requests.is_subscription_page(make_http_request(b"x=y", method, path + b"x"))
    assert not unsigned_requests.is_subscription_page(
        make_http_request(b"x=y", method, path, headers={b"authorization": b"x"})
    )
    assert not unsigned_requests.is_subscription_page(make_http_request(b"X-Amz-Credential=y", method, path))


def test_the_unsubscribe_link_is_a_page_and_no_operation(catalog: ModelCatalog) -> None:
    assert unsigned_requests.is_subscription_page(make_http_request(UNSUBSCRIBE_QUERY))
    assert not unsigned_requests.is_confirmation_link(make_http_request(UNSUBSCRIBE_QUERY))
    assert not unsigned_requests.is_unsigned_allowed(make_http_request(UNSUBSCRIBE_QUERY, method="POST"))
    with pytest.raises(AwsError, match="Missing Authentication Token"):
        route_request(catalog, make_http_request(UNSUBSCRIBE_QUERY))


@pytest.mark.parametrize(
    "http",
    [
        make_http_request(b"Action=Publish&TopicArn=arn:aws:sns:us-east-1:1:t&Message=m"),
        make_http_request(b"Action=DeleteTopic&TopicArn=arn:aws:sns:us-east-1:1:t"),
        make_http_request(b"Action=Subscribe&TopicArn=t&Protocol=lamplighter%3Acommand&Endpoint=id"),
        make_http_request(b"Action=DeleteTopic&Action=Unsubscribe&TopicArn=t"),
        make_http_request(b"", body=UNSUBSCRIBE_QUERY, method="POST"),
        make_http_request(UNSUBSCRIBE_QUERY),
        make_http_request(UNSUBSCRIBE_QUERY, method="POST"),
        make_http_request(CONFIRM_QUERY, method="POST"),
        make_http_request(CONFIRM_QUERY, method="HEAD"),
        make_http_request(b"Action=DeleteTopic&Action=ConfirmSubscription&TopicArn=t&Token=t"),
        make_http_request(CONFIRM_QUERY, path=b"/queue"),
        make_http_request(CONFIRM_QUERY, body=b"Action=DeleteTopic&TopicArn=t"),
        make_http_request(UNSUBSCRIBE_QUERY, path=b"/queue"),
        make_http_request(UNSUBSCRIBE_QUERY, body=b"Action=DeleteTopic&TopicArn=t"),
        make_http_request(b"", headers=TARGET_HEADER),
    ],
)
def test_all_other_requests_need_a_signature(catalog: ModelCatalog, http: HttpRequest) -> None:
    with pytest.raises(AwsError) as error:
        route_request(catalog, http)
    assert error.value.status in (400, 403)
    assert error.value.code in ("MissingAuthenticationTokenException", "UnknownOperationException")


def test_a_confirmation_link_with_a_target_header_is_rejected(catalog: ModelCatalog) -> None:
    with pytest.raises(AwsError):
        route_request(catalog, make_http_request(CONFIRM_QUERY, headers=TARGET_HEADER))


def test_an_error_of_a_confirmation_link_has_the_form_of_sns(catalog: ModelCatalog) -> None:
    answer = encode_error(
        catalog, make_http_request(CONFIRM_QUERY), AwsError("Invalid parameter: Token", code="InvalidParameter"), "r"
    )
    assert b"<Code>InvalidParameter</Code>" in answer.body
