"""Events go to APIs, as their connection says, again where the API says that it may help."""

import asyncio

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.outbound.fake import FakeHttp
from lamplighter.outbound.port import DeliveryFailed, HttpRequest, HttpResponse
from tests.engine_harness import ROLE, SECOND
from tests.services.events.events_harness import DEAD, EventsHarness, to
from tests.services.events.targets.test_connections import connect


def destination(harness: EventsHarness, endpoint: str = "https://api.example/v1/*/orders", **params: Json) -> str:
    usual = {"Name": "api", "ConnectionArn": connect(harness), "InvocationEndpoint": endpoint, "HttpMethod": "POST"}
    arn: str = harness.events("CreateApiDestination", **usual | params)["ApiDestinationArn"]
    return arn


def target(arn: str, **params: Json) -> Json:
    return to(arn, RoleArn=ROLE, DeadLetterConfig={"Arn": DEAD}, **params)


def reply(status: int) -> HttpResponse:
    return HttpResponse(status, "so", (), b"because")


def test_an_api_gets_the_event_with_what_the_target_and_the_connection_add(harness: EventsHarness) -> None:
    http = {
        "PathParameterValues": ["$.detail.shop"],
        "HeaderParameters": {"X-Id": "$.id", "X-Kind": "new"},
        "QueryStringParameters": {"n": "$.detail.n", "none": "$.detail.none"},
    }
    harness.rule(None, target(destination(harness), HttpParameters=http, InputPath="$.detail"))
    name = harness.put({"shop": "a/b", "n": 7})
    (asked,) = harness.beyond.http.requests
    assert (asked.method, asked.url) == ("POST", "https://api.example/v1/a%2Fb/orders?n=7&none=")
    assert asked.body is not None
    assert loads(asked.body) == {"shop": "a/b", "n": 7}
    assert asked.headers["X-Id"] == name
    assert asked.headers["Authorization"].startswith("Basic ")
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
    assert asked.headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"


@pytest.mark.parametrize("trouble", [reply(500), reply(429), reply(401), DeliveryFailed("down", retryable=True)])
def test_an_api_that_may_answer_later_is_asked_again(
    harness: EventsHarness, trouble: HttpResponse | DeliveryFailed
) -> None:
    harness.beyond.http.responses += [trouble, trouble]
    harness.rule(None, target(destination(harness)))
    harness.put()
    for _ in range(5):
        harness.advance(SECOND)
    assert len(harness.beyond.http.requests) == 3
    assert harness.notes("dead") == []


def test_an_api_that_refuses_is_not_asked_again(harness: EventsHarness) -> None:
    harness.beyond.http.responses += [reply(400)]
    harness.rule(None, target(destination(harness)))
    harness.put()
    (dead,) = harness.notes("dead")
    said = dead["MessageAttributes"]
    assert said["ERROR_CODE"]["StringValue"] == "ERROR_FROM_TARGET"
    assert said["ERROR_MESSAGE"]["StringValue"] == "400 because"
    assert len(harness.beyond.http.requests) == 1


def test_a_destination_that_is_gone_or_not_authorised_or_no_web_server_is_a_permanent_failure(
    harness: EventsHarness,
) -> None:
    arn = destination(harness)
    harness.rule(None, target(arn))
    harness.events("DeauthorizeConnection", Name="c")
    harness.put()
    harness.events("UpdateConnection", Name="c", Description="again")
    harness.events("UpdateApiDestination", Name="api", InvocationEndpoint="nonsense")
    harness.put()
    harness.events("DeleteApiDestination", Name="api")
    harness.put()
    codes = [dead["MessageAttributes"]["ERROR_CODE"]["StringValue"] for dead in harness.notes("dead")]
    assert codes == ["NO_RESOURCE", "INVALID_PARAMETER", "NO_RESOURCE"]
    assert harness.beyond.http.requests == []


def test_a_call_that_a_crash_cut_off_is_made_again(harness: EventsHarness) -> None:
    harness.rule(None, target(destination(harness)))
    harness.put()
    harness.restart()
    assert len(harness.beyond.http.requests) == 1
    harness.beyond.http.responses += [reply(503)]
    harness.put()
    harness.restart()
    harness.advance(2 * SECOND)
    assert len(harness.beyond.http.requests) == 3


def test_an_api_that_takes_longer_than_five_seconds_is_asked_again(
    harness: EventsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[HttpRequest] = []

    async def slow(_web: FakeHttp, request: HttpRequest, _patience: float, _most: int) -> HttpResponse:
        asked.append(request)
        await asyncio.sleep(60 if len(asked) == 1 else 0)
        return reply(200)

    monkeypatch.setattr(FakeHttp, "request", slow)
    harness.rule(None, target(destination(harness)))
    harness.put()
    harness.advance(4 * SECOND)
    assert len(asked) == 1
    for _ in range(3):
        harness.advance(SECOND)
    assert len(asked) == 2
    assert harness.rows("SELECT outcome FROM deliveries") == [("DELIVERED",)]
