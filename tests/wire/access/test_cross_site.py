"""What a page of another site can send is refused, whatever else the browser says."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lamplighter.base.errors import AccessDenied, AwsError, MissingAuthentication
from lamplighter.wire.access import cross_site
from lamplighter.wire.http import HttpRequest

Ask = Callable[..., HttpRequest]


@pytest.mark.parametrize(
    ("service", "operation"),
    [("states", "ListStateMachines"), ("scheduler", "ListSchedules"), ("sns", "ListTopics"), ("sqs", "ListQueues")],
)
def test_what_boto3_signs_is_taken(ask: Ask, service: str, operation: str) -> None:
    http = ask(service, operation, {})
    cross_site.check_authorization(http)
    cross_site.check_origin(http)


@pytest.mark.parametrize("service", ["sns", "cloudformation"])
def test_a_signature_in_the_query_is_refused_where_nobody_can_verify_it(ask: Ask, service: str) -> None:
    http = ask(service, {"sns": "ListTopics", "cloudformation": "ListStacks"}[service], {}, presigned=True)
    for each in (http, replace(http, method="GET")):
        with pytest.raises(MissingAuthentication, match="in the Authorization header") as caught:
            cross_site.check_authorization(each)
        assert caught.value.status == 403


@pytest.mark.parametrize("value", [b"", b"Basic dTpw", b"Bearer t", b"Digest username=u", b"aws4-", b"Credential=a/b"])
def test_an_authorization_that_a_url_can_carry_is_no_signature(value: bytes) -> None:
    """A URL with a user and a password makes a browser send Basic."""
    with pytest.raises(MissingAuthentication):
        cross_site.check_authorization(HttpRequest("POST", b"/", b"", {b"authorization": value}, b""))


@pytest.mark.parametrize(
    "headers",
    [{b"origin": b"null"}, {b"origin": b"http://127.0.0.1"}, {b"sec-fetch-site": b"same-site"}],
)
def test_a_page_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(AccessDenied):
        cross_site.check_origin(HttpRequest("GET", b"/", b"", headers, b""))


@pytest.mark.parametrize(
    "name",
    [
        *(b"host", b"authorization", b"origin", b"content-length", b"content-type", b"transfer-encoding", b"cookie"),
        *(b"x-amz-target", b"x-amz-date", b"sec-fetch-site", b"smithy-protocol"),
    ],
)
def test_a_header_that_decides_something_may_not_stand_there_twice(name: bytes) -> None:
    once = [(b"accept", b"a"), (name, b"x")]
    cross_site.check_single_headers(once)
    for second in (b"x", b"y"):
        with pytest.raises(AwsError, match=f"header '{name.decode()}' may occur only once") as caught:
            cross_site.check_single_headers([*once, (name, second)])
        assert caught.value.status == 400


def test_lists_may_be_sent_in_pieces() -> None:
    cross_site.check_single_headers([(b"accept", b"a"), (b"accept", b"b"), (b"via", b"x"), (b"via", b"y")])
