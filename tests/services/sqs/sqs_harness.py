"""The engine harness with calls of SQS."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lamplighter.base.errors import AwsError
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.bus import wait_forever
from tests.engine_harness import ACCOUNT, CALLER, REGION, SECOND, EngineHarness

FIFO = {"FifoQueue": "true"}


class SqsHarness(EngineHarness):
    """Calls SQS and checks its answers."""

    def sqs(self, operation: str, **params: Json) -> Json:
        """Call an operation, and let everything happen that comes of it at once."""
        answer = self.run(self.engine.call(CALLER, "sqs", operation, params))
        self.settle()
        return answer

    def begin(
        self, operation: str, left: Callable[[], Awaitable[None]] = wait_forever, **params: Json
    ) -> "asyncio.Task[Json]":
        """Call an operation without waiting for anything."""
        return self._loops[-1].create_task(self.engine.call(CALLER, "sqs", operation, params, left))

    def refused(self, operation: str, **params: Json) -> tuple[str, str]:
        """The code and the message of the error that a call must end in."""
        with pytest.raises(AwsError) as error:
            self.sqs(operation, **params)
        return error.value.code, error.value.message

    def queue(self, name: str = "letters", **attributes: str) -> str:
        """Create a queue; its URL."""
        url: str = self.sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def fifo(self, name: str = "letters.fifo", **attributes: str) -> str:
        return self.queue(name, **FIFO, **attributes)

    def send(self, url: str, body: str = "hello", **params: Json) -> Json:
        return self.sqs("SendMessage", QueueUrl=url, MessageBody=body, **params)

    def receive(self, url: str, most: int = 1, **params: Json) -> list[Json]:
        """The messages that there are."""
        found = self.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most, **params)
        return list(found.get("Messages", []))

    def bodies(self, url: str, most: int = 10, **params: Json) -> list[str]:
        return [message["Body"] for message in self.receive(url, most, **params)]

    def one(self, url: str, **params: Json) -> Json:
        """The one message that there must be, with all that it brings."""
        (message,) = self.receive(url, 1, AttributeNames=["All"], MessageAttributeNames=["All"], **params)
        return message

    def delete(self, url: str, message: Json) -> None:
        self.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def hide(self, url: str, message: Json, seconds: int) -> None:
        handle = message["ReceiptHandle"]
        self.sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds)

    def poll(
        self, url: str, seconds: int = 20, left: Callable[[], Awaitable[None]] = wait_forever, **params: Json
    ) -> "asyncio.Task[Json]":
        """Wait for messages; settled so far as no time is needed."""
        task = self.begin("ReceiveMessage", left, QueueUrl=url, WaitTimeSeconds=seconds, **params)
        self.settle()
        return task

    def counts(self, url: str) -> tuple[int, int, int]:
        """Messages that can be received, are in flight, are delayed."""
        prefix = "ApproximateNumberOfMessages"
        names = [prefix, f"{prefix}NotVisible", f"{prefix}Delayed"]
        told = self.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, hidden, delayed = (int(told[name]) for name in names)
        return visible, hidden, delayed

    def attributes(self, url: str) -> dict[str, str]:
        told: dict[str, str] = self.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return told

    def pass_time(self, seconds: float) -> None:
        self.advance(round(seconds * SECOND))


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def redrive(name: str, receives: int = 1) -> str:
    """A redrive policy."""
    return dumps({"deadLetterTargetArn": arn(name), "maxReceiveCount": receives})


def text(task: "asyncio.Task[Json]") -> list[str]:
    """The bodies that a poll that is over has brought."""
    assert task.done(), "it still waits"
    return [message["Body"] for message in loads(dumps(task.result())).get("Messages", [])]
