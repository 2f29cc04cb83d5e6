"""Measure SNS: messages are published to a topic, and count when a subscribed queue holds them.

Each is on disk before its request is answered. Afterwards the queue must hold each message exactly once.
"""

import json
from functools import partial
from pathlib import Path

from bench.engine_process import EngineProcess, start_engine
from bench.http_client import Connection, Stopwatch, open_connections, run_loop, share_work
from bench.message_queue import batches, check_each_once, create_queue
from lamplighter.base.json_text import Json


def measure(folder: Path, messages: int, batch: int) -> Json:
    """Return the messages per second, with `batch` messages in a request."""
    with start_engine(folder, "--quiet") as engine:
        return run_loop(_measure(engine, messages, batch))


async def _measure(engine: EngineProcess, messages: int, batch: int) -> Json:
    queue, sns = create_queue(engine), engine.client("sns")
    topic = sns.create_topic(Name="bench")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    async with open_connections(engine) as connections:
        with Stopwatch(engine) as watch:
            publish = partial(_publish_batch if batch > 1 else _publish_one, topic)
            await share_work(connections, batches(messages, batch), publish)
            await queue.wait_until_holds(connections[0], messages)
        found = await queue.read_all(connections[0])
    check_each_once(found, messages, lambda body: int(json.loads(body)["Message"]))
    return watch.result(messages)


async def _publish_one(topic: str, connection: Connection, numbers: range) -> None:
    await connection.call_query("sns", "Publish", {"TopicArn": topic, "Message": str(numbers[0])})


async def _publish_batch(topic: str, connection: Connection, numbers: range) -> None:
    params = {"TopicArn": topic}
    for at, number in enumerate(numbers, start=1):
        entry = f"PublishBatchRequestEntries.member.{at}"
        params |= {f"{entry}.Id": str(number), f"{entry}.Message": str(number)}
    await connection.call_query("sns", "PublishBatch", params)
