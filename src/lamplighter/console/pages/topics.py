"""Show the topics of SNS: their subscriptions, and how the last messages were delivered."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json
from lamplighter.base.public_address import public_address
from lamplighter.console.data.listing import read_each, read_listing
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.view.list_filters import contains_words
from lamplighter.console.view.paging import take_page
from lamplighter.wire.access.roles import Role

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and its attributes."""

    arn: str
    attributes: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the topic."""
        return self.arn.rpartition(":")[2]


async def show(page: Page) -> Response:
    """Show the topics, by name."""
    listed = await read_listing(page, "sns", "ListTopics", "Topics")
    arns = sorted(each["TopicArn"] for each in listed.items)
    chosen = [each for each in arns if contains_words(each.rpartition(":")[2], page.query("q"))]
    shown, paging = take_page(chosen, page.query_number("page"), PAGE_SIZE)
    found = await read_each(partial(_read_topic, page), shown)
    return await page.render("topics.html", topics=found, listed=listed, paging=paging)


async def _read_topic(page: Page, arn: str) -> Topic:
    answer = await page.call("sns", "GetTopicAttributes", TopicArn=arn)
    return Topic(arn, answer["Attributes"])


async def show_topic(page: Page) -> Response:
    """Show a topic."""
    return await _render_topic(page, {}, None)


async def _render_topic(page: Page, typed: Mapping[str, str], wrong: AwsError | None) -> Response:
    """Render a topic, with what was typed into the form if it was refused."""
    before = {"Before": int(text)} if (text := page.query("before") or "").isdecimal() else {}
    token = page.read_query(NextToken="next")
    topic, listed = await asyncio.gather(
        _read_topic(page, page.arn), page.call("sns", "ListSubscriptionsByTopic", TopicArn=page.arn, **token)
    )
    subscriptions = await read_each(partial(_with_attributes, page), listed.get("Subscriptions", ()))
    answer = await page.call_internal("sns", "ListDeliveries", TopicArn=page.arn, **before)
    return await page.render(
        "topic.html", 200 if wrong is None else 422, typed=typed, wrong=wrong, topic=topic,
        subscriptions=subscriptions, next=listed.get("NextToken"),
        deliveries=answer and answer["Deliveries"], before=(answer or {}).get("Before"),
        public_address=public_address,
    )  # fmt: skip


async def _with_attributes(page: Page, subscription: Json) -> Json:
    """Add the attributes of a subscription. AWS shows none for a subscription that is not confirmed."""
    if not subscription["SubscriptionArn"].startswith("arn:"):
        return subscription | {"Attributes": {}}
    answer = await page.call("sns", "GetSubscriptionAttributes", SubscriptionArn=subscription["SubscriptionArn"])
    return subscription | {"Attributes": answer["Attributes"]}


async def publish(page: Page, given: Mapping[str, str]) -> Response:
    """Publish a message to all subscribers."""
    subject = {"Subject": text} if (text := given.get("subject", "").strip()) else {}
    fifo = {"MessageGroupId": "console", "MessageDeduplicationId": page.console.world.uuid()}
    try:
        await page.call(
            "sns", "Publish", TopicArn=page.arn, Message=given.get("message", ""), **subject,
            **(fifo if page.arn.endswith(".fifo") else {}),
        )  # fmt: skip
    except AwsError as error:
        return await _render_topic(page, given, error)
    return page.redirect(page.url)


ROUTES = (
    page_route("/topics", show),
    form_route("/topics/{arn:path}/publish", publish, needs=Role.RUN),
    page_route("/topics/{arn:path}", show_topic),
)
