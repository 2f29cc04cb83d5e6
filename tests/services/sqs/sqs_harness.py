"""An engine harness that calls SQS."""

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
        """Call an operation and let the work that it causes without delay end."""
        answer = self.run(self.engine.call(CALLER, "sqs", operation, params))
        self.settle()
        return answer

    def start_call(
        self, operation: str, until_caller_gone: Callable[[], Awaitable[None]] = wait_forever, **params: Json
    ) -> "asyncio.Task[Json]":
        """Start a call without waiting for its result."""
        return self._loops[-1].create_task(self.engine.call(CALLER, "sqs", operation, params, until_caller_gone))

    def expect_error(self, operation: str, **params: Json) -> tuple[str, str]:
        """Call an operation that must fail; return the error's code and message."""
        with pytest.raises(AwsError) as error:
            self.sqs(operation, **params)
        return error.value.code, error.value.message

    def queue(self, name: str = "letters", **attributes: str) -> str:
        """Create a queue and return its URL."""
        url: str = self.sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def fifo(self, name: str = "letters.fifo", **attributes: str) -> str:
        return self.queue(name, **FIFO, **attributes)

    def send(self, url: str, body: str = "hello", **params: Json) -> Json:
        return self.sqs("SendMessage", QueueUrl=url, MessageBody=body, **params)

    def receive(self, url: str, most: int = 1, **params: Json) -> list[Json]:
        """Receive and return the available messages."""
        found = self.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most, **params)
        return list(found.get("Messages", []))

    def receive_bodies(self, url: str, most: int = 10, **params: Json) -> list[str]:
        return [message["Body"] for message in self.receive(url, most, **params)]

    def receive_one(self, url: str, **params: Json) -> Json:
        """Receive and return the only available message with all its attributes."""
        (message,) = self.receive(url, 1, AttributeNames=["All"], MessageAttributeNames=["All"], **params)
        return message

    def delete(self, url: str, message: Json) -> None:
        self.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def change_visibility(self, url: str, message: Json, seconds: int) -> None:
        handle = message["ReceiptHandle"]
        self.sqs("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=seconds)

    def poll(
        self,
        url: str,
        seconds: int = 20,
        until_caller_gone: Callable[[], Awaitable[None]] = wait_forever,
        **params: Json,
    ) -> "asyncio.Task[Json]":
        """Start a long poll for messages and let the work that needs no time end."""
        task = self.start_call("ReceiveMessage", until_caller_gone, QueueUrl=url, WaitTimeSeconds=seconds, **params)
        self.settle()
        return task

    def counts(self, url: str) -> tuple[int, int, int]:
        """Return the numbers of messages that are available, in flight and delayed."""
        prefix = "ApproximateNumberOfMessages"
        names = [prefix, f"{prefix}NotVisible", f"{prefix}Delayed"]
        attributes = self.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, hidden, delayed = (int(attributes[name]) for name in names)
        return visible, hidden, delayed

    def attributes(self, url: str) -> dict[str, str]:
        attributes: dict[str, str] = self.sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return attributes

    def pass_time(self, seconds: float) -> None:
        self.advance(round(seconds * SECOND))


def arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def redrive_policy(name: str, receives: int = 1) -> str:
    """Return a redrive policy."""
    return dumps({"deadLetterTargetArn": arn(name), "maxReceiveCount": receives})


def polled_bodies(task: "asyncio.Task[Json]") -> list[str]:
    """Return the bodies of the messages that a finished poll received."""
    assert task.done(), "it still waits"
    return [message["Body"] for message in loads(dumps(task.result())).get("Messages", [])]
