"""Measure SQS: each connection sends messages, receives as many, and deletes what it received.

A message counts when it is deleted. Each of the three requests is on disk before its answer. Afterwards the queue must
be empty, and each message must have been received exactly once.
"""

from functools import partial
from pathlib import Path

from bench.engine_process import EngineProcess, start_engine
from bench.http_client import Connection, Stopwatch, open_connections, run_loop, share_work
from bench.message_queue import MessageQueue, batches, check_each_once, create_queue
from lamplighter.base.json_text import Json


def measure(folder: Path, messages: int, batch: int) -> Json:
    """Return the messages per second, with `batch` messages in a request."""
    with start_engine(folder, "--quiet") as engine:
        return run_loop(_measure(engine, messages, batch))


async def _measure(engine: EngineProcess, messages: int, batch: int) -> Json:
    queue, received = create_queue(engine), list[Json]()
    async with open_connections(engine) as connections:
        pass_on = partial(_pass_on_batch if batch > 1 else _pass_on_one, queue, received)
        with Stopwatch(engine) as watch:
            await share_work(connections, batches(messages, batch), pass_on)
        check_each_once(received, messages)
        if left := await queue.count(connections[0]):
            raise RuntimeError(f"{left} messages are still in the queue")
    return watch.result(messages)


async def _pass_on_one(queue: MessageQueue, received: list[Json], connection: Connection, numbers: range) -> None:
    url = {"QueueUrl": queue.url}
    await connection.call("sqs", "SendMessage", {**url, "MessageBody": str(numbers[0])})
    # Each connection has sent as many as it receives, so there is always a message for it.
    (found,) = (await connection.call("sqs", "ReceiveMessage", url))["Messages"]
    received.append(found["Body"])
    await connection.call("sqs", "DeleteMessage", {**url, "ReceiptHandle": found["ReceiptHandle"]})


async def _pass_on_batch(queue: MessageQueue, received: list[Json], connection: Connection, numbers: range) -> None:
    url = {"QueueUrl": queue.url}
    entries = [{"Id": str(number), "MessageBody": str(number)} for number in numbers]
    await connection.call("sqs", "SendMessageBatch", {**url, "Entries": entries})
    missing = len(numbers)
    while missing:
        params = {**url, "MaxNumberOfMessages": missing}
        found = (await connection.call("sqs", "ReceiveMessage", params)).get("Messages", [])
        missing -= len(found)
        received += [each["Body"] for each in found]
        handles = [{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(found)]
        await connection.call("sqs", "DeleteMessageBatch", {**url, "Entries": handles})
