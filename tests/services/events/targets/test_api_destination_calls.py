"""Events go to APIs, as their connection says, again where the API says that it may help."""

import asyncio

import pytest

from lamplighter.base.json_text import Json, loads
from lamplighter.outbound.fake import FakeHttp
from lamplighter.outbound.port import DeliveryFailed, HttpReply, HttpRequest
from tests.engines import ROLE, SECOND
from tests.services.events.hall import DEAD, Hall, to
from tests.services.events.targets.test_connections import connect


def destination(hall: Hall, endpoint: str = "https://api.example/v1/*/orders", **params: Json) -> str:
    usual = {"Name": "api", "ConnectionArn": connect(hall), "InvocationEndpoint": endpoint, "HttpMethod": "POST"}
    arn: str = hall.events("CreateApiDestination", **usual | params)["ApiDestinationArn"]
    return arn


def target(arn: str, **params: Json) -> Json:
    return to(arn, RoleArn=ROLE, DeadLetterConfig={"Arn": DEAD}, **params)


def reply(status: int) -> HttpReply:
    return HttpReply(status, "so", (), b"because")


def test_an_api_gets_the_event_with_what_the_target_and_the_connection_add(hall: Hall) -> None:
    http = {
        "PathParameterValues": ["$.detail.shop"],
        "HeaderParameters": {"X-Id": "$.id", "X-Kind": "new"},
        "QueryStringParameters": {"n": "$.detail.n", "none": "$.detail.none"},
    }
    hall.rule(None, target(destination(hall), HttpParameters=http, InputPath="$.detail"))
    name = hall.put({"shop": "a/b", "n": 7})
    (asked,) = hall.beyond.web.asked
    assert (asked.method, asked.url) == ("POST", "https://api.example/v1/a%2Fb/orders?n=7&none=")
    assert asked.body is not None
    assert loads(asked.body) == {"shop": "a/b", "n": 7}
    assert asked.headers["X-Id"] == name
    assert asked.headers["Authorization"].startswith("Basic ")
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
    assert asked.headers["User-Agent"] == "Amazon/EventBridge/ApiDestinations"


@pytest.mark.parametrize("trouble", [reply(500), reply(429), reply(401), DeliveryFailed("down", again=True)])
def test_an_api_that_may_answer_later_is_asked_again(hall: Hall, trouble: HttpReply | DeliveryFailed) -> None:
    hall.beyond.web.replies += [trouble, trouble]
    hall.rule(None, target(destination(hall)))
    hall.put()
    for _ in range(5):
        hall.advance(SECOND)
    assert len(hall.beyond.web.asked) == 3
    assert hall.notes("dead") == []


def test_an_api_that_refuses_is_not_asked_again(hall: Hall) -> None:
    hall.beyond.web.replies += [reply(400)]
    hall.rule(None, target(destination(hall)))
    hall.put()
    (dead,) = hall.notes("dead")
    said = dead["MessageAttributes"]
    assert said["ERROR_CODE"]["StringValue"] == "ERROR_FROM_TARGET"
    assert said["ERROR_MESSAGE"]["StringValue"] == "400 because"
    assert len(hall.beyond.web.asked) == 1


def test_a_destination_that_is_gone_or_not_authorised_or_no_web_server_is_a_permanent_failure(hall: Hall) -> None:
    arn = destination(hall)
    hall.rule(None, target(arn))
    hall.events("DeauthorizeConnection", Name="c")
    hall.put()
    hall.events("UpdateConnection", Name="c", Description="again")
    hall.events("UpdateApiDestination", Name="api", InvocationEndpoint="nonsense")
    hall.put()
    hall.events("DeleteApiDestination", Name="api")
    hall.put()
    codes = [dead["MessageAttributes"]["ERROR_CODE"]["StringValue"] for dead in hall.notes("dead")]
    assert codes == ["NO_RESOURCE", "INVALID_PARAMETER", "NO_RESOURCE"]
    assert hall.beyond.web.asked == []


def test_a_call_that_a_crash_cut_off_is_made_again(hall: Hall) -> None:
    hall.rule(None, target(destination(hall)))
    hall.put()
    hall.restart()
    assert len(hall.beyond.web.asked) == 1
    hall.beyond.web.replies += [reply(503)]
    hall.put()
    hall.restart()
    hall.advance(2 * SECOND)
    assert len(hall.beyond.web.asked) == 3


def test_an_api_that_takes_longer_than_five_seconds_is_asked_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[HttpRequest] = []

    async def slow(_web: FakeHttp, request: HttpRequest, _patience: float, _most: int) -> HttpReply:
        asked.append(request)
        await asyncio.sleep(60 if len(asked) == 1 else 0)
        return reply(200)

    monkeypatch.setattr(FakeHttp, "ask", slow)
    hall.rule(None, target(destination(hall)))
    hall.put()
    hall.advance(4 * SECOND)
    assert len(asked) == 1
    for _ in range(3):
        hall.advance(SECOND)
    assert len(asked) == 2
    assert hall.rows("SELECT outcome FROM deliveries") == [("DELIVERED",)]
