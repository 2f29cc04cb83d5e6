"""Show the queues: their message counts, their messages, which are dead letters, and buttons to send them again."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError, ValidationError
from lamplighter.base.json_text import Json, JsonError, loads
from lamplighter.base.masking import MASK, is_secret
from lamplighter.console.data import dead_letter_origin
from lamplighter.console.data.listing import read_each, read_listing
from lamplighter.console.data.subject_links import link_subjects
from lamplighter.console.page import Page, form_route, page_route
from lamplighter.console.view.list_filters import contains_words
from lamplighter.console.view.paging import take_page
from lamplighter.wire.access.roles import Role

PAGE_SIZE, MAX_LISTED, MAX_SOURCES = 25, 1000, 10


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue and its attributes."""

    arn: str
    attributes: Mapping[str, str]
    sources: Sequence[str]
    """The names of the first queues that use this queue as their dead-letter queue."""

    @property
    def name(self) -> str:
        """The name of the queue."""
        return self.arn.rpartition(":")[2]

    @property
    def redrive(self) -> Json:
        """The queue's redrive policy (`deadLetterTargetArn` and `maxReceiveCount`), or None."""
        try:
            return loads(self.attributes["RedrivePolicy"])
        except (KeyError, JsonError):
            return None

    def count(self, which: str) -> int:
        """Return the attribute `ApproximateNumberOfMessages` with a suffix, such as `NotVisible`."""
        return int(self.attributes.get(f"ApproximateNumberOfMessages{which}", "0"))


async def show(page: Page) -> Response:
    """Show the queues, by name."""
    listed = await read_listing(page, "sqs", "ListQueues", "QueueUrls", MaxResults=MAX_LISTED)
    chosen = [each for each in sorted(listed.items) if contains_words(each.rpartition("/")[2], page.query("q"))]
    shown, paging = take_page(chosen, page.query_number("page"), PAGE_SIZE)
    found = await read_each(partial(_read_queue, page), shown)
    return await page.render("queues.html", queues=found, listed=listed, paging=paging)


async def _read_queue(page: Page, url: str) -> Queue:
    answer, sources = await asyncio.gather(
        page.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"]),
        page.call("sqs", "ListDeadLetterSourceQueues", QueueUrl=url, MaxResults=MAX_SOURCES),
    )
    attributes = answer["Attributes"]
    return Queue(attributes["QueueArn"], attributes, [each.rpartition("/")[2] for each in sources["queueUrls"]])


async def show_queue(page: Page) -> Response:
    """Show a queue, with its messages if the port can read them without receiving them."""
    queue = await _read_queue(page, await _queue_url(page))
    after = {"After": position} if (position := _parse_position(page.query("after"))) else {}
    answer = await page.call_internal("sqs", "PeekMessages", QueueArn=queue.arn, **after)
    move_tasks = (
        await page.call("sqs", "ListMessageMoveTasks", SourceArn=queue.arn, MaxResults=3) if queue.sources else {}
    )
    subjects = {
        each["Id"]: dead_letter_origin.find_message_subject(each) for each in (answer or {}).get("Messages", ())
    }
    return await page.render(
        "queue.html",
        queue=queue,
        subjects=subjects,
        linked=await link_subjects(page, subjects.values()),
        messages=answer and answer["Messages"],
        following=",".join(map(str, answer["After"])) if answer and "After" in answer else None,
        moves=move_tasks.get("Results", ()),
        written=_attribute_texts,
        origin=dead_letter_origin.find_origin,
    )


async def _queue_url(page: Page) -> str:
    found = arn.parse(page.arn)
    if found is None or found.service != "sqs":
        raise ValidationError(f"{page.arn} is not the ARN of a queue")
    answer = await page.call("sqs", "GetQueueUrl", QueueName=found.resource)
    return str(answer["QueueUrl"])


def _parse_position(text: str | None) -> list[int] | None:
    parts = (text or "").split(",")
    return [int(part) for part in parts] if len(parts) == 3 and all(map(str.isdecimal, parts)) else None


def _attribute_texts(attributes: Mapping[str, Json]) -> Mapping[str, str]:
    """Return the attributes of a message as text, with secrets masked."""
    return {
        name: MASK if is_secret(name) else str(value.get("StringValue", "binary"))
        for name, value in attributes.items()
        if name not in dead_letter_origin.DESCRIBED_ATTRIBUTES
    }


async def redrive_all(page: Page, _given: Mapping[str, str]) -> Response:
    """Send every dead letter back to its source queue."""
    await page.call("sqs", "StartMessageMoveTask", SourceArn=page.arn)
    return page.redirect(page.url)


async def act_on_message(page: Page, given: Mapping[str, str]) -> Response:
    """Send one message again, or delete it."""
    number, action = given.get("message", ""), given.get("do")
    if action not in ("again", "discard") or not number.isdecimal():
        raise ValidationError("Choose a message and an action")
    if action == "discard":
        page.require(Role.CHANGE)
    message_key = {"QueueArn": page.arn, "Id": int(number)}
    answer = await page.call_internal("sqs", "PeekMessages", **message_key)
    if answer is None:
        raise AwsError("On AWS, only all messages of a queue can be moved together", code="UnsupportedOperation")
    if not answer["Messages"]:
        raise AwsError("This message is no longer in the queue.", code="NotFound", status=404)
    if action == "discard" or await dead_letter_origin.send_again(page, answer["Messages"][0]):
        await page.call_internal("sqs", "DeleteMessageById", **message_key)
    else:
        await page.call_internal("sqs", "RedriveMessage", **message_key)
    return page.redirect(page.url)


ROUTES = (
    page_route("/queues", show),
    form_route("/queues/{arn:path}/again", redrive_all, needs=Role.RUN),
    form_route("/queues/{arn:path}/message", act_on_message, needs=Role.RUN),
    page_route("/queues/{arn:path}", show_queue),
)
