"""The pages of topics, their subscriptions and deliveries."""

import re

from tests.console.http_browser import Browser
from tests.engine_harness import ACCOUNT, REGION, EngineHarness

ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"


def create_topic(harness: EngineHarness, name: str = "ops") -> str:
    arn: str = harness.call("sns", "CreateTopic", Name=name)["TopicArn"]
    return arn


def subscribe(harness: EngineHarness, protocol: str, endpoint: str, **attributes: str) -> None:
    harness.call("sns", "Subscribe", TopicArn=ARN, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    harness.settle()


def create_queue(harness: EngineHarness, name: str = "in") -> str:
    harness.call("sqs", "CreateQueue", QueueName=name)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def test_topics_are_listed_with_the_number_of_subscriptions(harness: EngineHarness, browser: Browser) -> None:
    create_topic(harness)
    subscribe(harness, "sqs", create_queue(harness))
    assert "ops 1 0" in browser.get("/topics").text


def test_without_topics_the_page_says_so(browser: Browser) -> None:
    assert "No topics in us-east-1" in browser.get("/topics").text


def test_a_message_is_published_and_its_deliveries_are_shown(harness: EngineHarness, browser: Browser) -> None:
    create_topic(harness)
    subscribe(harness, "sqs", create_queue(harness), FilterPolicy='{"kind":["x"]}')
    subscribe(harness, "sqs", create_queue(harness, "all"))
    subscribe(harness, "sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere")
    browser.post(f"/topics/{ARN}/publish", {"subject": "Night", "message": "all is well"})
    harness.settle()
    text = browser.get(f"/topics/{ARN}").text
    assert 'in sqs {"kind":["x"]} dropped' in text
    assert "delivered sqs all – 1" in text
    assert "failed" in text
    assert "sqs nowhere – 1" in text
    url = f"http://127.0.0.1:4566/{ACCOUNT}/all"
    answer = harness.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    assert answer["Attributes"]["ApproximateNumberOfMessages"] == "1"


def test_a_password_or_token_in_an_endpoint_is_not_shown(harness: EngineHarness, browser: Browser) -> None:
    create_topic(harness)
    subscribe(harness, "http", "http://me:hunter2@hooks.example/night")
    page = browser.get(f"/topics/{ARN}")
    assert "hunter2" not in page.body
    assert "hooks.example" in page.text
    assert "night" not in page.text, "the path may be a token"


def test_deliveries_are_shown_page_by_page(harness: EngineHarness, browser: Browser) -> None:
    create_topic(harness)
    subscribe(harness, "sqs", create_queue(harness))
    for _ in range(60):
        harness.call("sns", "Publish", TopicArn=ARN, Message="x")
    harness.settle()
    first = browser.get(f"/topics/{ARN}")
    before = first.body.partition("?before=")[2].partition('"')[0]
    second = browser.get(f"/topics/{ARN}?before={before}")
    assert (first.text.count("delivered sqs in"), second.text.count("delivered sqs in")) == (50, 10)


def test_an_unknown_topic_is_rejected(browser: Browser) -> None:
    assert browser.get(f"/topics/{ARN}").status in (400, 404)
    assert browser.get("/topics/nonsense").status == 400


def test_a_refused_message_stays_in_the_form_with_the_error_at_its_field(
    harness: EngineHarness, browser: Browser
) -> None:
    create_topic(harness)
    for field, given in (
        ("message", {"subject": "Night", "message": ""}),
        ("message", {"subject": "Night", "message": "x" * 300_000}),
        ("subject", {"subject": "x" * 101, "message": "all is well"}),
    ):
        answer = browser.post_form(f"/topics/{ARN}/publish", given)
        assert answer.status == 422
        invalid = re.findall('name="([a-z]*)"[^>]* aria-invalid="true" aria-describedby="wrong" autofocus', answer.body)
        assert invalid == [field]
        assert f'value="{given["subject"]}"' in answer.body
        assert f"{given['message']}</textarea>" in answer.body
        assert '<details class="panel" open>' in answer.body


def test_a_delivery_leads_to_the_run_that_its_message_names(harness: EngineHarness, browser: Browser) -> None:
    create_topic(harness)
    subscribe(harness, "sqs", create_queue(harness))
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:nightly:2026-11-29"
    harness.call("sns", "Publish", TopicArn=ARN, Message=f"nightly failed: http://engine:4566/runs/{run}.")
    harness.settle()
    page = browser.get(f"/topics/{ARN}")
    assert "delivered" in page.text
    assert f'<a href="/runs/{run}">nightly <span class="quiet">2026-11-29</span></a>' in page.body


def test_a_delivery_that_waits_leads_to_the_run_too(harness: EngineHarness, browser: Browser) -> None:
    create_topic(harness)
    subscribe(harness, "sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere", RawMessageDelivery="true")
    run = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:nightly:2026-11-29"
    harness.call("sns", "Publish", TopicArn=ARN, Message=f'{{"run": "{run}"}}')
    harness.settle()
    assert f'href="/runs/{run}"' in browser.get(f"/topics/{ARN}").body
