"""The pages of rules and events, and why a rule matched an event or not."""

from lamplighter.base.json_text import Json, dumps
from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, EngineHarness

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:in"


def create_rule(harness: EngineHarness, name: str, pattern: Json, **more: str) -> str:
    harness.call("sqs", "CreateQueue", QueueName="in")
    arn: str = harness.call("events", "PutRule", Name=name, EventPattern=dumps(pattern), **more)["RuleArn"]
    harness.call("events", "PutTargets", Rule=name, Targets=[{"Id": "queue", "Arn": QUEUE}])
    return arn


def put_event(harness: EngineHarness, detail: Json, source: str = "shop") -> None:
    entry = {"Source": source, "DetailType": "sale", "Detail": dumps(detail)}
    harness.call("events", "PutEvents", Entries=[entry])
    harness.settle()


def test_rules_are_listed_with_pattern_or_schedule_and_targets(harness: EngineHarness, browser: Browser) -> None:
    create_rule(harness, "sales", {"source": ["shop"]})
    harness.call("events", "PutRule", Name="hourly", ScheduleExpression="rate(1 hour)", State="DISABLED")
    page = browser.get("/rules")
    assert 'sales enabled {"source":["shop"]} in' in page.text
    assert "hourly disabled rate(1 hour) no targets" in page.text
    assert f'href="/queues/{QUEUE}"' in page.body


def test_a_rule_shows_its_targets_and_can_be_disabled_and_enabled(harness: EngineHarness, browser: Browser) -> None:
    arn = create_rule(harness, "sales", {"source": ["shop"]})
    assert "queue in the event 185 within 1 d 0 h dropped" in browser.get(f"/rules/{arn}").text
    assert "Enable" in browser.post(f"/rules/{arn}/switch", {"do": "disable"}).text
    assert harness.call("events", "DescribeRule", Name="sales")["State"] == "DISABLED"
    assert "Disable" in browser.post(f"/rules/{arn}/switch", {"do": "enable"}).text


def test_a_rule_of_another_event_bus_is_shown(harness: EngineHarness, browser: Browser) -> None:
    harness.call("events", "CreateEventBus", Name="orders")
    arn = harness.call("events", "PutRule", Name="r", EventBusName="orders", EventPattern='{"source":["x"]}')["RuleArn"]
    assert "orders" in browser.get(f"/rules/{arn}").text
    assert arn in browser.get("/rules?bus=orders").body


def test_events_are_listed_with_the_rules_that_matched_them(harness: EngineHarness, browser: Browser) -> None:
    create_rule(harness, "sales", {"source": ["shop"]})
    put_event(harness, {})
    put_event(harness, {}, "store")
    text = browser.get("/events").text
    assert "store default Thu 01 Jan 00:00:00 no rule" in text
    assert "shop default Thu 01 Jan 00:00:00 sales" in text


def test_an_event_shows_why_one_rule_matched_it_and_another_did_not(harness: EngineHarness, browser: Browser) -> None:
    create_rule(harness, "big", {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})
    create_rule(harness, "small", {"source": ["shop"], "detail": {"total": [{"numeric": ["<=", 100]}]}})
    put_event(harness, {"total": 250})
    number = browser.get("/events").body.partition('href="/events/')[2].partition("?")[0]
    text = browser.get(f"/events/{number}").text
    assert "big matched Field Required In the event Match source &quot;shop&quot;".replace("&quot;", '"') in text
    assert "detail.total > 100 250 yes" in text
    assert "small no match" in text
    assert "detail.total <= 100 250 no" in text


def test_a_rule_shows_recent_events_that_it_matched_or_not(harness: EngineHarness, browser: Browser) -> None:
    arn = create_rule(harness, "sales", {"source": ["shop"]})
    put_event(harness, {})
    for _ in range(9):
        put_event(harness, {}, "store")
    text = browser.get(f"/rules/{arn}").text
    assert text.count("not matched") == 5
    assert "sale shop Thu 01 Jan 00:00:00 matched" in text


def test_an_event_is_tested_against_a_rule_without_being_sent(harness: EngineHarness, browser: Browser) -> None:
    arn = create_rule(harness, "sales", {"source": ["shop"], "detail": {"state": ["sold", {"prefix": "paid"}]}})
    event = {"source": "shop", "detail": {"state": "returned"}}
    text = browser.post(f"/rules/{arn}/try", {"event": dumps(event)}).text
    assert "The rule does not match this event" in text
    assert 'detail.state "sold" or begins with "paid" "returned" no' in text
    assert (
        "The rule matches this event"
        in browser.post(f"/rules/{arn}/try", {"event": dumps(event | {"detail": {"state": "sold"}})}).text
    )
    assert "No events yet" in browser.get("/events").text


def test_the_alternatives_of_a_pattern_are_explained_one_by_one(harness: EngineHarness, browser: Browser) -> None:
    pattern: Json = {"$or": [{"source": ["shop"]}, {"detail-type": ["sale", "return"]}]}
    text = browser.post(
        f"/rules/{create_rule(harness, 'either', pattern)}/try", {"event": dumps({"source": "bank"})}
    ).text
    assert 'source "shop" "bank" no' in text
    assert 'detail-type "sale" or "return" not present no' in text


def test_an_invalid_event_is_rejected_and_stays_in_the_form(harness: EngineHarness, browser: Browser) -> None:
    arn = create_rule(harness, "sales", {"source": ["shop"]})
    for text in ("{", "[]"):
        answer = browser.post(f"/rules/{arn}/try", {"event": text})
        assert answer.status == 422
        assert f'aria-invalid="true" aria-describedby="wrong" autofocus>{text}</textarea>' in answer.body
        assert 'id="wrong" role="alert"' in answer.body


def test_event_values_are_escaped_and_secrets_are_masked(harness: EngineHarness, browser: Browser) -> None:
    create_rule(harness, "sales", {"detail": {"password": ["hunter2"], "note": [{"exists": True}]}})
    put_event(harness, {"password": "hunter2", "note": "<script>alert(1)</script>"})
    body = browser.get("/events/1").body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body
    assert body.count("hunter2") == 1  # in the rule's pattern, which is no secret of the event


def test_an_event_that_is_not_stored_is_not_found(browser: Browser) -> None:
    for number in ("7", "x", "99999999999999999999"):
        assert browser.get(f"/events/{number}").status == 404


def test_an_unknown_rule_is_not_found(browser: Browser) -> None:
    assert browser.get(f"/rules/arn:aws:events:{REGION}:{ACCOUNT}:rule/none").status in (400, 404)
    assert browser.get("/rules/nonsense").status == 400
