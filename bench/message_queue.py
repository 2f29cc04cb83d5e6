"""An SQS queue that others fill: wait until it holds all messages, then check that each is there exactly once."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.engine_process import EngineProcess
from bench.http_client import Connection
from lamplighter.base.json_text import Json

POLL_SECONDS = 0.02
PATIENCE_SECONDS = 180
"""How long all messages together may take."""
BATCH = 10
"""The most messages that SQS accepts, and returns, at once."""


@dataclass(frozen=True, slots=True)
class MessageQueue:
    """A queue."""

    url: str
    arn: str

    async def wait_until_holds(self, connection: Connection, number: int) -> None:
        """Return when the queue holds a number of messages."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := await self.count(connection)) < number:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{found} of {number} messages arrived")
            await asyncio.sleep(POLL_SECONDS)

    async def count(self, connection: Connection) -> int:
        """Return the number of messages in the queue, received ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        params = {"QueueUrl": self.url, "AttributeNames": names}
        found = (await connection.call("sqs", "GetQueueAttributes", params))["Attributes"]
        return sum(int(found[name]) for name in names)

    async def read_all(self, connection: Connection) -> list[Json]:
        """Receive all messages, and return their bodies."""
        found: list[Json] = []
        params = {"QueueUrl": self.url, "MaxNumberOfMessages": BATCH, "VisibilityTimeout": 3600}
        while messages := (await connection.call("sqs", "ReceiveMessage", params)).get("Messages"):
            found += [each["Body"] for each in messages]
        return found


def create_queue(engine: EngineProcess) -> MessageQueue:
    """Create an empty queue."""
    sqs = engine.client("sqs")
    url = sqs.create_queue(QueueName=f"bench-{uuid.uuid4().hex[:12]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return MessageQueue(url, arn)


def check_each_once(found: Sequence[Json], number: int, read_number: Callable[[Json], int] = int) -> None:
    """Raise unless the bodies are the numbers from 0 on, each exactly once."""
    counts = Counter(map(read_number, found))
    missing = number - len(counts.keys() & set(range(number)))
    doubled = sum(counts.values()) - len(counts)
    if missing or doubled:
        raise RuntimeError(f"of {number} messages {missing} are missing and {doubled} are doubled")


def batches(number: int, size: int) -> list[range]:
    """Return the numbers from 0 on, in batches."""
    return [range(first, min(first + size, number)) for first in range(0, number, size)]
