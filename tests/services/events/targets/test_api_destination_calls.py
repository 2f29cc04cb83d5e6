"""Send events to APIs with the settings of their connection, and retry if the API's answer allows a retry."""

import asyncio

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse
from tests.engine_harness import ROLE, SECOND
from tests.fake_outbound import FakeHttp
from tests.services.events.events_harness import DEAD_LETTER_QUEUE, EventsHarness, make_target
from tests.services.events.targets.test_connections import create_connection


def create_destination(
    harness: EventsHarness, endpoint: str = "https://api.example/v1/*/orders", **params: Json
) -> str:
    defaults = {
        "Name": "api",
        "ConnectionArn": create_connection(harness),
        "InvocationEndpoint": endpoint,
        "HttpMethod": "POST",
    }
    arn: str = harness.events("CreateApiDestination", **defaults | params)["ApiDestinationArn"]
    return arn


def api_target(arn: str, **params: Json) -> Json:
    return make_target(arn, RoleArn=ROLE, DeadLetterConfig={"Arn": DEAD_LETTER_QUEUE}, **params)


def reply(status: int) -> HttpResponse:
    return HttpResponse(status, "so", (), b"because")


def test_an_api_receives_the_event_with_the_parameters_of_target_and_connection(harness: EventsHarness) -> None:
    http = {
        "PathParameterValues": ["$.detail.shop"],
        "HeaderParameters": {"X-Id": "$.id", "X-Kind": "new"},
        "QueryStringParameters": {"n": "$.detail.n", "none": "$.detail.none"},
    }
    harness.put_rule(None, api_target(create_destination(harness), HttpParameters=http, InputPath="$.detail"))
    name = harness.put_event({"shop": "a/b", "n": 7})
    (request,) = harness.fake_outbound.http.requests
    assert (request.method, request.url) == ("POST", "https://api.example/v1/a%2Fb/orders?n=7&none=")
    assert request.body is not None
    assert loads(request.body) == {"shop": "a/b", "n": 7}
    assert request.headers["X-Id"] == name
    assert request.headers["Authorization"].startswith("Basic ")
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"


@pytest.mark.parametrize("failure", [reply(500), reply(429), reply(401), DeliveryFailed("down", retryable=True)])
def test_a_call_that_may_succeed_later_is_retried(
    harness: EventsHarness, failure: HttpResponse | DeliveryFailed
) -> None:
    harness.fake_outbound.http.responses += [failure, failure]
    harness.put_rule(None, api_target(create_destination(harness)))
    harness.put_event()
    for _ in range(5):
        harness.advance(SECOND)
    assert len(harness.fake_outbound.http.requests) == 3
    assert harness.recorded_calls("dead") == []


def test_a_refused_call_is_not_retried(harness: EventsHarness) -> None:
    harness.fake_outbound.http.responses += [reply(400)]
    harness.put_rule(None, api_target(create_destination(harness)))
    harness.put_event()
    (dead,) = harness.recorded_calls("dead")
    attributes = dead["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "ERROR_FROM_TARGET"
    assert attributes["ERROR_MESSAGE"]["StringValue"] == "400 because"
    assert len(harness.fake_outbound.http.requests) == 1


def test_a_missing_unauthorised_or_invalid_destination_is_a_permanent_failure(
    harness: EventsHarness,
) -> None:
    arn = create_destination(harness)
    harness.put_rule(None, api_target(arn))
    harness.events("DeauthorizeConnection", Name="c")
    harness.put_event()
    harness.events("UpdateConnection", Name="c", Description="again")
    harness.events("UpdateApiDestination", Name="api", InvocationEndpoint="nonsense")
    harness.put_event()
    harness.events("DeleteApiDestination", Name="api")
    harness.put_event()
    codes = [dead["MessageAttributes"]["ERROR_CODE"]["StringValue"] for dead in harness.recorded_calls("dead")]
    assert codes == ["NO_RESOURCE", "INVALID_PARAMETER", "NO_RESOURCE"]
    assert harness.fake_outbound.http.requests == []


def test_after_a_crash_a_failed_call_is_retried_and_a_successful_call_is_not(harness: EventsHarness) -> None:
    harness.put_rule(None, api_target(create_destination(harness)))
    harness.put_event()
    harness.restart()
    assert len(harness.fake_outbound.http.requests) == 1
    harness.fake_outbound.http.responses += [reply(503)]
    harness.put_event()
    harness.restart()
    harness.advance(2 * SECOND)
    assert len(harness.fake_outbound.http.requests) == 3


def test_a_call_that_takes_longer_than_five_seconds_is_retried(
    harness: EventsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[HttpRequest] = []

    async def slow(
        _http: FakeHttp, request: HttpRequest, _timeout: float, _max_bytes: int, *, needs_body: bool
    ) -> HttpResponse:
        assert needs_body
        requests.append(request)
        await asyncio.sleep(60 if len(requests) == 1 else 0)
        return reply(200)

    monkeypatch.setattr(FakeHttp, "request", slow)
    harness.put_rule(None, api_target(create_destination(harness)))
    harness.put_event()
    harness.advance(4 * SECOND)
    assert len(requests) == 1
    for _ in range(3):
        harness.advance(SECOND)
    assert len(requests) == 2
    assert harness.rows("SELECT outcome FROM deliveries") == [("DELIVERED",)]
