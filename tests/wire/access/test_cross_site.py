"""Requests that a page of another site can send are rejected, whatever the browser states."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lamplighter.base.errors import AccessDenied, AwsError, MissingAuthentication
from lamplighter.wire.access import cross_site
from lamplighter.wire.http import HttpRequest

MakeRequest = Callable[..., HttpRequest]


@pytest.mark.parametrize(
    ("service", "operation"),
    [("states", "ListStateMachines"), ("scheduler", "ListSchedules"), ("sns", "ListTopics"), ("sqs", "ListQueues")],
)
def test_a_request_that_boto3_signed_is_accepted(make_request: MakeRequest, service: str, operation: str) -> None:
    http = make_request(service, operation, {})
    cross_site.check_authorization(http, 0)
    cross_site.check_origin(http)


@pytest.mark.parametrize("service", ["sns", "cloudformation"])
def test_a_signature_in_the_query_is_rejected_if_signatures_are_not_verified(
    make_request: MakeRequest, service: str
) -> None:
    http = make_request(service, {"sns": "ListTopics", "cloudformation": "ListStacks"}[service], {}, presigned=True)
    for each in (http, replace(http, method="GET")):
        with pytest.raises(MissingAuthentication, match="in the Authorization header") as caught:
            cross_site.check_authorization(each, 0)
        assert caught.value.status == 403


@pytest.mark.parametrize("value", [b"", b"Basic dTpw", b"Bearer t", b"Digest username=u", b"aws4-", b"Credential=a/b"])
def test_an_authorization_header_that_a_url_can_cause_is_no_signature(value: bytes) -> None:
    """A browser sends Basic if the URL has a user and a password."""
    with pytest.raises(MissingAuthentication):
        cross_site.check_authorization(HttpRequest("POST", b"/", b"", {b"authorization": value}, b""), 0)


@pytest.mark.parametrize(
    "headers",
    [{b"origin": b"null"}, {b"origin": b"http://127.0.0.1"}, {b"sec-fetch-site": b"same-site"}],
)
def test_a_request_of_another_site_s_page_is_rejected(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(AccessDenied):
        cross_site.check_origin(HttpRequest("GET", b"/", b"", headers, b""))


@pytest.mark.parametrize(
    "name",
    [
        *(b"host", b"authorization", b"origin", b"content-length", b"content-type", b"transfer-encoding", b"cookie"),
        *(b"x-amz-target", b"x-amz-date", b"sec-fetch-site", b"smithy-protocol"),
    ],
)
def test_a_header_that_affects_access_or_routing_must_not_be_repeated(name: bytes) -> None:
    once = [(b"accept", b"a"), (name, b"x")]
    cross_site.check_single_headers(once)
    for second in (b"x", b"y"):
        with pytest.raises(AwsError, match=f"header '{name.decode()}' may occur only once") as caught:
            cross_site.check_single_headers([*once, (name, second)])
        assert caught.value.status == 400


def test_list_headers_can_be_repeated() -> None:
    cross_site.check_single_headers([(b"accept", b"a"), (b"accept", b"b"), (b"via", b"x"), (b"via", b"y")])
