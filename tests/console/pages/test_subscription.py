"""The pages of links in mails: opening a page changes nothing, and its button changes the subscription."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ViewportSize, expect

from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.console.pages import subscription
from lamplighter.wire.http import HttpRequest
from tests.console import real_browser
from tests.engine_harness import DAY
from tests.served_engine import ServedEngine
from tests.services.sns.sns_harness import SnsHarness

PHONE = ViewportSize(width=360, height=640)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SnsHarness]:
    made = SnsHarness(tmp_path / "data")
    made.config = replace(made.config, confirm_mail=True)
    made.up()
    yield made
    made.close()


def read_mailed_link(harness: SnsHarness) -> str:
    """Return the link in the last mail."""
    text = str(harness.out.mail.sent[-1].get_content())
    return next(line for line in text.splitlines() if line.startswith("http"))


def request_page(harness: SnsHarness, link: str, method: str = "GET") -> tuple[int, str]:
    """Request a link, or its page's button with POST, and return status and text."""

    async def call(operation: str, params: Mapping[str, str]) -> Json:
        return await harness.engine.call(Caller("", ""), "sns", operation, params)

    parts = urlsplit(link)
    http = HttpRequest(method, parts.path.encode(), parts.query.encode(), {}, b"")
    answer = harness.run(subscription.respond(call, http, "id"))
    harness.settle()
    headers = dict(answer.headers)
    assert headers[b"content-length"] == b"%d" % len(answer.body)
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
    assert headers[b"cache-control"] == b"no-store"
    return answer.status, answer.body.decode()


def read_statuses(harness: SnsHarness) -> list[str]:
    return [str(row[0]) for row in harness.engine.store.reader.rows("SELECT status FROM subscriptions")]


def test_a_subscription_is_confirmed_ended_and_restored_only_by_buttons(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.sns("Subscribe", TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    confirm = read_mailed_link(harness)
    assert "<button" in request_page(harness, confirm)[1]
    assert read_statuses(harness) == ["PENDING"]
    assert "You are subscribed" in request_page(harness, confirm, "POST")[1]
    assert read_statuses(harness) == ["CONFIRMED"]
    harness.publish(topic)
    leave = read_mailed_link(harness)
    text = request_page(harness, leave)[1]
    assert "messages of the topic alerts are not sent to ops@example.com any more" in text
    assert "<button" in text
    assert read_statuses(harness) == ["CONFIRMED"]
    assert "You are unsubscribed" in request_page(harness, leave, "POST")[1]
    assert read_statuses(harness) == ["DELETED"]
    back = read_mailed_link(harness)
    assert "<button" in request_page(harness, back)[1]
    assert read_statuses(harness) == ["DELETED"]
    assert "You are subscribed" in request_page(harness, back, "POST")[1]
    assert read_statuses(harness) == ["CONFIRMED"]


def test_the_page_of_a_deleted_subscription_says_so_and_has_no_button(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    arn = harness.subscribe(topic, "sqs", f"arn:aws:sqs:us-east-1:{'1' * 12}:q")
    leave = f"http://x/unsubscribe.html?SubscriptionArn={arn}"
    request_page(harness, leave, "POST")
    for method in ("GET", "POST"):
        found, text = request_page(harness, leave, method)
        assert (found, "does not exist any more" in text, "<button" in text) == (200, True, False)
    harness.sns("DeleteTopic", TopicArn=topic)
    for method in ("GET", "POST"):
        found, text = request_page(harness, leave, method)
        assert (found, "does not exist any more" in text, "<button" in text) == (404, True, False)


def test_a_token_is_valid_for_two_days_and_for_its_own_topic(harness: SnsHarness) -> None:
    harness.sns("Subscribe", TopicArn=harness.create_topic(), Protocol="email", Endpoint="ops@example.com")
    link = read_mailed_link(harness)
    for wrong in (link.replace(":alerts", ":others"), link.partition("&")[0], link + "x"):
        found, text = request_page(harness, wrong, "POST")
        assert (found, "not valid any more" in text) == (404, True)
    harness.advance(2 * DAY)
    found, text = request_page(harness, link)
    assert (found, "not valid any more" in text, "<button" in text) == (404, True, False)


def test_a_locked_subscription_cannot_be_ended_by_its_page(harness: SnsHarness) -> None:
    topic = harness.create_topic()
    harness.sns("Subscribe", TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    token = read_mailed_link(harness).partition("Token=")[2]
    given = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    arn = harness.sns("ConfirmSubscription", **given)["SubscriptionArn"]
    for method in ("GET", "POST"):
        found, text = request_page(harness, f"http://x/unsubscribe.html?SubscriptionArn={arn}", method)
        assert (found, "Only the person who runs this engine" in text, "<button" in text) == (403, True, False)
    assert read_statuses(harness) == ["CONFIRMED"]


def test_text_of_a_link_or_endpoint_is_escaped(harness: SnsHarness) -> None:
    arn = harness.subscribe(harness.create_topic(), "lamplighter:command", "echo '<script>'")
    text = request_page(harness, f'http://x/unsubscribe.html?SubscriptionArn={arn}&x="><script>')[1]
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_a_person_can_unsubscribe_on_a_phone_without_scripts_and_cookies(tmp_path: Path, chromium: Chromium) -> None:
    engine = ServedEngine(tmp_path / "data")
    engine.up()
    with ExitStack() as contexts:
        contexts.callback(engine.close)
        sns = engine.client("sns")
        topic = sns.create_topic(Name="night")["TopicArn"]
        arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")["SubscriptionArn"]
        options = {"java_script_enabled": False, "viewport": PHONE, "is_mobile": True, "has_touch": True}
        page = contexts.enter_context(real_browser.open_context(chromium, **options)).new_page()
        page.goto(f"{engine.url}/unsubscribe.html?SubscriptionArn={arn}")
        assert page.locator("body").bounding_box()["width"] <= PHONE["width"]  # type: ignore[index]
        assert len(sns.list_subscriptions()["Subscriptions"]) == 1
        page.get_by_role("button", name="Unsubscribe").tap()
        expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
        assert sns.list_subscriptions()["Subscriptions"] == []
        page.reload()
        expect(page.get_by_role("heading")).to_have_text("You are not subscribed")
        page.screenshot(path=tmp_path / "page.png")
