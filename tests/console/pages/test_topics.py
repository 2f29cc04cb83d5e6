"""Topics, who is subscribed, and how messages reached them."""

from tests.console.browsing import Browser
from tests.engines import ACCOUNT, REGION, Site

ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:ops"


def topic(site: Site, name: str = "ops") -> str:
    arn: str = site.call("sns", "CreateTopic", Name=name)["TopicArn"]
    return arn


def subscribe(site: Site, protocol: str, endpoint: str, **attributes: str) -> None:
    site.call("sns", "Subscribe", TopicArn=ARN, Protocol=protocol, Endpoint=endpoint, Attributes=attributes)
    site.settle()


def queue(site: Site, name: str = "in") -> str:
    site.call("sqs", "CreateQueue", QueueName=name)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def test_topics_are_listed_with_how_many_are_subscribed(site: Site, browser: Browser) -> None:
    topic(site)
    subscribe(site, "sqs", queue(site))
    assert "ops 1 0" in browser.get("/topics").text


def test_where_there_are_none_it_says_so(browser: Browser) -> None:
    assert "No topics in us-east-1" in browser.get("/topics").text


def test_topics_are_shown_a_page_at_a_time(site: Site, browser: Browser) -> None:
    for number in range(101):
        topic(site, f"t{number:03}")
    first = browser.get("/topics")
    assert "t099" in first.text
    assert "t100" not in first.text
    following = first.body.partition('href="?next=')[2].partition('"')[0].replace("&amp;", "&")
    assert "t100" in browser.get(f"/topics?next={following}").text


def test_a_message_is_published_and_its_deliveries_are_shown(site: Site, browser: Browser) -> None:
    topic(site)
    subscribe(site, "sqs", queue(site), FilterPolicy='{"kind":["x"]}')
    subscribe(site, "sqs", queue(site, "all"))
    subscribe(site, "sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:nowhere")
    browser.post(f"/topics/{ARN}/publish", {"subject": "Night", "message": "all is well"})
    site.settle()
    text = browser.get(f"/topics/{ARN}").text
    assert 'in sqs {"kind":["x"]} dropped' in text
    assert "delivered sqs all 1" in text
    assert "failed" in text
    assert "sqs nowhere 1" in text
    url = f"http://127.0.0.1:4566/{ACCOUNT}/all"
    told = site.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    assert told["Attributes"]["ApproximateNumberOfMessages"] == "1"


def test_a_password_in_an_endpoint_is_not_shown(site: Site, browser: Browser) -> None:
    topic(site)
    subscribe(site, "http", "http://me:hunter2@hooks.example/night")
    page = browser.get(f"/topics/{ARN}")
    assert "hunter2" not in page.body
    assert "http://hooks.example/night" in page.text


def test_deliveries_are_shown_a_page_at_a_time(site: Site, browser: Browser) -> None:
    topic(site)
    subscribe(site, "sqs", queue(site))
    for _ in range(60):
        site.call("sns", "Publish", TopicArn=ARN, Message="x")
    site.settle()
    first = browser.get(f"/topics/{ARN}")
    before = first.body.partition("?before=")[2].partition('"')[0]
    second = browser.get(f"/topics/{ARN}?before={before}")
    assert (first.text.count("delivered sqs in"), second.text.count("delivered sqs in")) == (50, 10)


def test_a_topic_that_is_not_there_is_told(browser: Browser) -> None:
    assert browser.get(f"/topics/{ARN}").status in (400, 404)
    assert browser.get("/topics/nonsense").status == 400
